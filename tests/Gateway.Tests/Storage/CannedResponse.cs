using System.Diagnostics.CodeAnalysis;
using System.Text;
using Azure;
using Azure.Core;

namespace Serverless.Gateway.Tests.Storage;

/// <summary>An answer of the table service that no service gave.</summary>
internal sealed class CannedResponse(int status, string json, params (string Name, string Value)[] headers) : Response
{
    private readonly Dictionary<string, string> _headers = headers.Append(("Content-Type", "application/json")).ToDictionary(h => h.Item1, h => h.Item2, StringComparer.OrdinalIgnoreCase);

    /// <summary>The service does not do what it was asked to.</summary>
    public static CannedResponse Refusal(int status, string code) =>
        new(status, $$"""{"odata.error":{"code":"{{code}}","message":{"lang":"en-US","value":"{{code}}"} } }""", ("x-ms-error-code", code));

    public override int Status => status;

    public override string ReasonPhrase => "";

    public override Stream? ContentStream { get; set; } = new MemoryStream(Encoding.UTF8.GetBytes(json));

    public override string ClientRequestId { get; set; } = "";

    public override void Dispose()
    {
    }

    protected override bool ContainsHeader(string name) => _headers.ContainsKey(name);

    protected override IEnumerable<HttpHeader> EnumerateHeaders() => _headers.Select(h => new HttpHeader(h.Key, h.Value));

    protected override bool TryGetHeader(string name, [NotNullWhen(true)] out string? value) => _headers.TryGetValue(name, out value);

    protected override bool TryGetHeaderValues(string name, [NotNullWhen(true)] out IEnumerable<string>? values)
    {
        values = _headers.TryGetValue(name, out string? value) ? [value] : null;
        return values is not null;
    }
}
