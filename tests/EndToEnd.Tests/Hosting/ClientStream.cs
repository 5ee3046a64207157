using System.Net;
using System.Text;
using System.Text.Json;

namespace Serverless.EndToEnd.Tests.Hosting;

/// <summary>A client of one API family, on a bare HTTP connection so that it sees what arrives when it arrives.</summary>
internal sealed class ClientStream : IDisposable
{
    private readonly HttpResponseMessage _response;
    private readonly StreamReader _lines;

    private ClientStream(HttpResponseMessage response, Stream body)
    {
        _response = response;
        _lines = new StreamReader(body, Encoding.UTF8);
    }

    /// <summary>The id of the request's usage record.</summary>
    public string RequestId => _response.Headers.GetValues("x-request-id").Single();

    /// <summary>Keep-alives that have come between the words.</summary>
    public int KeepAlives { get; private set; }

    /// <summary>The request of a family for an answer of a model of the provider <c>chat</c>.</summary>
    public static HttpRequestMessage Request(string family, string model, bool stream)
    {
        string flag = stream ? ",\"stream\":true" : "";
        (string path, string body) = family switch
        {
            "openai" => ("/openai/v1/chat/completions", $$"""{"model":"chat/{{model}}","messages":[{"role":"user","content":"Hi"}]{{flag}}}"""),
            "responses" => ("/ai-gateway/openai/v1/responses", $$"""{"model":"chat/{{model}}","input":"Hi"{{flag}}}"""),
            "anthropic" => ("/anthropic/v1/messages", $$"""{"model":"chat/{{model}}","max_tokens":100,"messages":[{"role":"user","content":"Hi"}]{{flag}}}"""),
            _ => ($"/gemini/v1beta/models/chat%2F{model}:{(stream ? "streamGenerateContent?alt=sse" : "generateContent")}", """{"contents":[{"role":"user","parts":[{"text":"Hi"}]}]}"""),
        };
        return new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
    }

    /// <summary>Opens a stream; returns when its head has arrived.</summary>
    public static async Task<ClientStream> OpenAsync(HttpClient client, string family, string model, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = Request(family, model, stream: true);
        HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (response.StatusCode != HttpStatusCode.OK)
        {
            Assert.Fail($"{response.StatusCode}: {await response.Content.ReadAsStringAsync(cancellationToken)}");
        }

        return new ClientStream(response, await response.Content.ReadAsStreamAsync(cancellationToken));
    }

    /// <summary>The next text, or null when the answer has been said to be complete.</summary>
    /// <exception cref="IOException">The stream broke off.</exception>
    public async Task<string?> NextAsync(CancellationToken cancellationToken)
    {
        while (await _lines.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.StartsWith(':') || line.Contains("\"ping\"", StringComparison.Ordinal))
            {
                KeepAlives++;
            }

            if (!line.StartsWith("data: ", StringComparison.Ordinal))
            {
                continue;
            }

            if (line == "data: [DONE]")
            {
                return null;
            }

            JsonElement data = JsonElement.Parse(line[6..]);
            if (Text(data) is { Length: > 0 } text)
            {
                return text;
            }

            if (data.TryGetProperty("type", out JsonElement type) && type.GetString() is "message_stop" or "response.completed")
            {
                return null;
            }

            if (data.TryGetProperty("candidates", out JsonElement candidates) && candidates[0].TryGetProperty("finishReason", out _))
            {
                return null;
            }
        }

        throw new IOException("The stream ended without saying so.");
    }

    /// <summary>Reads to the last byte, which comes after the record has been made durable.</summary>
    public async Task EndAsync(CancellationToken cancellationToken)
    {
        while (await NextAsync(cancellationToken) is not null)
        {
        }

        await _lines.ReadToEndAsync(cancellationToken);
    }

    public void Dispose()
    {
        _lines.Dispose();
        _response.Dispose();
    }

    private static string? Text(JsonElement data)
    {
        if (data.TryGetProperty("choices", out JsonElement choices))
        {
            return choices.GetArrayLength() > 0 && choices[0].GetProperty("delta").TryGetProperty("content", out JsonElement content) ? content.GetString() : null;
        }

        if (data.TryGetProperty("candidates", out JsonElement candidates))
        {
            return candidates[0].TryGetProperty("content", out JsonElement content) && content.TryGetProperty("parts", out JsonElement parts) && parts.GetArrayLength() > 0
                && parts[0].TryGetProperty("text", out JsonElement text) ? text.GetString() : null;
        }

        return data.TryGetProperty("delta", out JsonElement delta)
            ? delta.ValueKind == JsonValueKind.String ? delta.GetString() : delta.TryGetProperty("text", out JsonElement part) ? part.GetString() : null
            : null;
    }
}
