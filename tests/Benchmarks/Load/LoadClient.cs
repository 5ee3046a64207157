using System.Buffers.Text;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text;

namespace Serverless.Benchmarks.Load;

/// <summary>
/// One keep-alive HTTP/1.1 connection that sends the same prepared request again and again. Written on a bare socket, so that the
/// driver takes little of the two cores that it shares with what it measures.
/// </summary>
internal sealed class LoadClient : IDisposable
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _request;
    private readonly byte[] _buffer = new byte[256 * 1024];

    private LoadClient(byte[] request) => _request = request;

    public static async Task<LoadClient> ConnectAsync(Uri url, string path, string headers, string body)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(body);
        byte[] head = Encoding.ASCII.GetBytes($"POST {path} HTTP/1.1\r\nHost: {url.Authority}\r\nContent-Type: application/json\r\nContent-Length: {bytes.Length}\r\n{headers}\r\n");
        var client = new LoadClient([.. head, .. bytes]);
        await client._socket.ConnectAsync(url.Host, url.Port);
        return client;
    }

    public void Dispose() => _socket.Dispose();

    /// <summary>Sends the request and reads the whole answer. Returns the time it took and the bytes of the body.</summary>
    public async ValueTask<(TimeSpan Time, long Bytes)> SendAsync()
    {
        long start = Stopwatch.GetTimestamp();
        await _socket.SendAsync(_request);
        int have = 0;
        int head;
        while ((head = _buffer.AsSpan(0, have).IndexOf("\r\n\r\n"u8)) < 0)
        {
            have += await ReceiveAsync(have);
        }

        if (!_buffer.AsSpan(0, have).StartsWith("HTTP/1.1 200"u8))
        {
            throw new InvalidOperationException("Unexpected answer: " + Encoding.UTF8.GetString(_buffer, 0, Math.Min(have, 600)));
        }

        int body = head + 4;
        long length = ContentLength(_buffer.AsSpan(0, head));
        long bytes = length >= 0 ? await ReadPlainAsync(have - body, length) : await ReadChunkedAsync(body, have);
        return (Stopwatch.GetElapsedTime(start), bytes);
    }

    private async ValueTask<long> ReadPlainAsync(long have, long length)
    {
        while (have < length)
        {
            have += await ReceiveAsync(0);
        }

        return length;
    }

    /// <summary>The last chunk is <c>0\r\n\r\n</c>, and nothing comes after it: the connection waits for the next request.</summary>
    private async ValueTask<long> ReadChunkedAsync(int body, int have)
    {
        long bytes = have - body;
        while (!_buffer.AsSpan(0, have).EndsWith("\r\n0\r\n\r\n"u8))
        {
            int keep = Math.Min(have, 7);
            _buffer.AsSpan(have - keep, keep).CopyTo(_buffer);
            int received = await ReceiveAsync(keep);
            bytes += received;
            have = keep + received;
        }

        return bytes;
    }

    private async ValueTask<int> ReceiveAsync(int at)
    {
        int received = await _socket.ReceiveAsync(_buffer.AsMemory(at));
        return received > 0 ? received : throw new IOException("The server closed the connection.");
    }

    private static long ContentLength(ReadOnlySpan<byte> head)
    {
        int at = head.IndexOf("\r\nContent-Length: "u8);
        return at >= 0 && Utf8Parser.TryParse(head[(at + 18)..], out long length, out _) ? length : -1;
    }
}
