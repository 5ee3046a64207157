using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;

namespace Serverless.EndToEnd.Tests.Durability;

/// <summary>
/// Many clients at once, with streams and whole answers, of the provider's own dialect and translated, refusals, errors, and clients that
/// hang up. Every request carries a mark of its own in its prompt, which the provider sees, and in a tag, which its record holds.
/// </summary>
internal sealed class RequestLoad(string gateway, string key) : IDisposable
{
    private static readonly Kind[] Kinds =
    [
        new("/openai/v1/chat/completions", "chat/paced", Stream: true),
        new("/openai/v1/chat/completions", "chat/paced", Stream: false),
        new("/anthropic/v1/messages", "chat/paced", Stream: true),
        new("/anthropic/v1/messages", "chat/text", Stream: false),
        new("/openai/v1/chat/completions", "chat/text", Stream: true),
        new("/openai/v1/chat/completions", "chat/e429", Stream: false),
        new("/openai/v1/chat/completions", "no/such", Stream: false),
        new("/openai/v1/chat/completions", "chat/paced", Stream: true, HangsUp: true),
    ];

    private static int _marks;

    private readonly HttpClient _client = new() { Timeout = TimeSpan.FromSeconds(60) };
    private int _ended;
    private volatile bool _over;

    /// <summary>Every request that was sent.</summary>
    public ConcurrentQueue<Sent> Requests { get; } = [];

    /// <summary>How many answers have ended so far.</summary>
    public int Ended => Volatile.Read(ref _ended);

    /// <summary>Sends until <see cref="Over"/> is called; then each client ends with the request that it is at, or with the loss of its connection.</summary>
    public Task RunAsync(int clients) => Task.WhenAll(Enumerable.Range(0, clients).Select(_ => Task.Run(async () =>
    {
        while (!_over)
        {
            await SendAsync();
        }
    })));

    /// <summary>From now on requests may fail, and no new ones are begun.</summary>
    public void Over() => _over = true;

    /// <summary>Waits until so many more answers have ended.</summary>
    public async Task EndedAsync(int more, Task running)
    {
        int target = Ended + more;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (Ended < target)
        {
            if (running.IsCompleted)
            {
                await running;
                throw new InvalidOperationException("The load has ended early.");
            }

            await Task.Delay(5, limit.Token);
        }
    }

    public void Dispose() => _client.Dispose();

    /// <summary>Sends one request whose answer takes half a minute.</summary>
    public Task<Sent> SendEndlessAsync() => SendAsync(Interlocked.Increment(ref _marks), new("/openai/v1/chat/completions", "chat/slow", Stream: true));

    private Task SendAsync()
    {
        int number = Interlocked.Increment(ref _marks);
        return SendAsync(number, Kinds[number % Kinds.Length]);
    }

    private async Task<Sent> SendAsync(int number, Kind kind)
    {
        var sent = new Sent($"mark-{number}");
        Requests.Enqueue(sent);
        long start = Stopwatch.GetTimestamp();
        try
        {
            using HttpRequestMessage request = Request(kind, sent.Mark);
            using HttpResponseMessage response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            sent.RequestId = response.Headers.GetValues("x-request-id").Single();
            if (kind.HangsUp)
            {
                await (await response.Content.ReadAsStreamAsync()).ReadExactlyAsync(new byte[1]);
                return sent;
            }

            await response.Content.ReadAsByteArrayAsync();
            sent.Time = Stopwatch.GetElapsedTime(start);
            sent.HasEnded = true;
            Interlocked.Increment(ref _ended);
        }
        catch (Exception e) when (_over && e is HttpRequestException or IOException)
        {
            // The gateway was killed.
        }

        return sent;
    }

    private HttpRequestMessage Request(Kind kind, string mark)
    {
        string stream = kind.Stream ? ",\"stream\":true" : "";
        var request = new HttpRequestMessage(HttpMethod.Post, gateway + kind.Path)
        {
            Content = new StringContent($$"""{"model":"{{kind.Model}}","max_tokens":100,"messages":[{"role":"user","content":"{{mark}}."}]{{stream}}}""", Encoding.UTF8, "application/json"),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        request.Headers.Add("x-gateway-tags", $$"""{"mark":"{{mark}}"}""");
        return request;
    }

    private sealed record Kind(string Path, string Model, bool Stream, bool HangsUp = false);
}

/// <summary>One request as its client saw it.</summary>
internal sealed class Sent(string mark)
{
    public string Mark => mark;

    /// <summary>Null when not even the answer's headers came.</summary>
    public string? RequestId { get; set; }

    /// <summary>True once the whole answer had come and its end was seen.</summary>
    public bool HasEnded { get; set; }

    /// <summary>From sending it to the end of its answer.</summary>
    public TimeSpan Time { get; set; }
}
