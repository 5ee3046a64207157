using System.Net;
using System.Net.Http.Headers;
using Serverless.Gateway.Configuration;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Providers;

/// <summary>
/// What all providers over HTTP have in common: base URL + path, the client's headers that may cross, the configured headers over them, the
/// credential over all. A kind says how it is addressed and authenticated.
/// </summary>
internal abstract class HttpProvider(ProviderSettings settings, GatewayLimits limits) : IProvider
{
    private readonly string _baseUrl = settings.BaseUrl!.AbsoluteUri.TrimEnd('/');
    private readonly IReadOnlyList<DialectId> _dialects = settings.Dialects ?? settings.Kind.Dialects;
    private readonly DialectQuirks _quirks = settings.Quirks ?? settings.Kind.Quirks;

    /// <inheritdoc/>
    public string Name => Settings.Name;

    /// <inheritdoc/>
    public string Kind => Settings.Kind.Name;

    /// <inheritdoc/>
    public HttpMessageInvoker Connections { get; } = ProviderConnections.Create(limits);

    /// <inheritdoc/>
    public virtual string? ModelsPath => "models";

    /// <summary>The provider's settings.</summary>
    protected ProviderSettings Settings { get; } = settings;

    /// <summary>The base URL without a slash at its end.</summary>
    protected string BaseUrl => _baseUrl;

    /// <summary>True when the configuration names the dialects, whatever the kind would choose.</summary>
    protected bool HasOwnDialects => Settings.Dialects is not null;

    /// <inheritdoc/>
    public virtual IReadOnlyList<DialectId> Dialects(string model) => _dialects;

    /// <inheritdoc/>
    public virtual DialectQuirks Quirks(DialectId dialect, string model) => _quirks;

    /// <inheritdoc/>
    public async ValueTask<HttpRequestMessage> CreateRequestAsync(UpstreamRequest request, CancellationToken cancellationToken)
    {
        var message = new HttpRequestMessage(request.Method, Checked(Address(request), request))
        {
            Content = request.Content,
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        foreach ((string name, string value) in request.Headers)
        {
            message.Headers.TryAddWithoutValidation(name, value);
        }

        foreach ((string name, Secret value) in Settings.Headers)
        {
            Set(message.Headers, name, value.Reveal());
        }

        await AuthorizeAsync(message.Headers, request.Dialect, cancellationToken);
        return message;
    }

    /// <summary>The URL of a request; by default the path below the base URL.</summary>
    protected virtual string Address(UpstreamRequest request) => Join(_baseUrl, request.Path);

    /// <summary>Adds the credential.</summary>
    protected abstract ValueTask AuthorizeAsync(HttpRequestHeaders headers, DialectId dialect, CancellationToken cancellationToken);

    /// <summary>Sets a header, whatever the client sent under that name.</summary>
    protected static void Set(HttpRequestHeaders headers, string name, string value)
    {
        headers.Remove(name);
        headers.TryAddWithoutValidation(name, value);
    }

    /// <summary>Sets <c>Authorization: Bearer</c>, when there is a key.</summary>
    protected static void SetBearer(HttpRequestHeaders headers, Secret? key)
    {
        if (key is not null)
        {
            Set(headers, "Authorization", "Bearer " + key.Reveal());
        }
    }

    /// <summary>
    /// Base URL and path. Dialects disagree on which of the two holds the version (<c>…/v1</c> + <c>messages</c>, <c>…</c> + <c>v1/messages</c>), and so
    /// do people who configure base URLs: a version that both hold is written once.
    /// </summary>
    protected static string Join(string baseUrl, string path)
    {
        int slash = path.IndexOf('/', StringComparison.Ordinal);
        string first = slash < 0 ? path : path[..slash];
        bool twice = first.Length > 1 && first[0] == 'v' && char.IsAsciiDigit(first[1]) && baseUrl.EndsWith("/" + first, StringComparison.Ordinal);
        return twice ? baseUrl + path[first.Length..] : $"{baseUrl}/{path}";
    }

    // A model of ".." (also as %2E%2E) would be taken for a step up in the path and reach another API of the same host.
    private static Uri Checked(string address, UpstreamRequest request)
    {
        var uri = new Uri(address);
        int query = address.IndexOf('?', StringComparison.Ordinal);
        ReadOnlySpan<char> path = query < 0 ? address : address.AsSpan(0, query);
        return path.Count('/') == uri.AbsolutePath.AsSpan().Count('/') + 2
            ? uri
            : throw new GatewayException(GatewayError.Invalid($"The model name '{request.Model}' is not allowed.", "model"));
    }
}
