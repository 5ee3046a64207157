using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Serverless.Gateway.Configuration;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Pipeline;

namespace Serverless.Gateway.Tests.Pipeline;

/// <summary>Bodies of any size and encoding, read once and within bounds.</summary>
public sealed class BodyTests : GatewayTest
{
    [Theory]
    [MemberData(nameof(Family.Names), MemberType = typeof(Family))]
    public async Task A_body_over_the_limit_is_a_413_in_the_familys_envelope(string name)
    {
        Family family = Family.Named(name);
        await StartAsync(family.Endpoint("m", Stub), new GatewayLimits { MaxBodyBytes = 1000 });
        string large = family.Body("m", false)[..^1] + $", \"x\": \"{new string('x', 1000)}\"}}";
        foreach (bool chunked in (bool[])[false, true])
        {
            HttpRequestMessage request = family.Request("m", body: large);
            request.Headers.TransferEncodingChunked = chunked;
            (HttpResponseMessage response, string body) = await AskAsync(request);
            Assert.Equal(413, (int)response.StatusCode);
            Assert.Contains("1000 bytes", family.ErrorMessage(Parse(body)), StringComparison.Ordinal);
        }

        HttpRequestMessage bomb = family.Request("m", body: large);
        byte[] packed = Compressed.By("gzip", Encoding.UTF8.GetBytes(large));
        Assert.True(packed.Length < 1000);
        bomb.Content = new ByteArrayContent(packed) { Headers = { ContentEncoding = { "gzip" } } };
        Assert.Equal(413, (int)(await AskAsync(bomb)).Response.StatusCode);
        Assert.Empty(Stub.Requests);
        Assert.Equal([RequestOutcome.Refused, RequestOutcome.Refused, RequestOutcome.Refused], Gateway.Usage.All.Select(r => r.Outcome));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_body_of_40_megabytes_arrives_whole(bool chunked)
    {
        await StartAsync(Family.Chat.Endpoint("m", Stub));
        Stub.Answer = _ => StubAnswer.Json(Family.Chat.Json);
        string body = """{"messages":[{"role":"user","content":"Hello"}],"padding":"PADDING","model":"m"}""".Replace("PADDING", new string('é', 20_000_000), StringComparison.Ordinal);
        HttpRequestMessage request = Family.Chat.Request("m", body: body);
        request.Headers.TransferEncodingChunked = chunked;
        (HttpResponseMessage response, _) = await AskAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.True(Stub.Request.Text == body.Replace("\"model\":\"m\"", "\"model\":\"upstream-model\"", StringComparison.Ordinal), "The body has changed on its way.");
        Assert.Equal(Encoding.UTF8.GetByteCount(body), (await RecordAsync()).BytesIn);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    public async Task A_compressed_body_is_taken(string encoding)
    {
        await StartAsync(Family.Messages.Endpoint("m", Stub));
        Stub.Answer = _ => StubAnswer.Json(Family.Messages.Json);
        HttpRequestMessage request = Family.Messages.Request("m");
        request.Content = new ByteArrayContent(Compressed.By(encoding, Encoding.UTF8.GetBytes(Family.Messages.Body("m", false)))) { Headers = { ContentEncoding = { encoding } } };
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(request)).Response.StatusCode);
        Assert.Equal(Family.Messages.Body("upstream-model", false), Stub.Request.Text);
        Assert.False(Stub.Request.Headers.ContainsKey("Content-Encoding"));

        request = Family.Messages.Request("m");
        request.Content!.Headers.ContentEncoding.Add(encoding);
        (HttpResponseMessage response, string body) = await AskAsync(request);
        Assert.Equal(400, (int)response.StatusCode);
        Assert.Contains("Content-Encoding", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_encoding_is_a_415()
    {
        await StartAsync(Family.Messages.Endpoint("m", Stub));
        HttpRequestMessage request = Family.Messages.Request("m");
        request.Content!.Headers.ContentEncoding.Add("zstd");
        Assert.Equal(415, (int)(await AskAsync(request)).Response.StatusCode);
    }

    [Fact]
    public async Task A_client_that_hangs_up_while_it_sends_leaves_a_record()
    {
        await StartAsync(Family.Chat.Endpoint("m", Stub));
        using (var client = new TcpClient())
        {
            await client.ConnectAsync(IPAddress.Loopback, Gateway.Address.Port, Stop);
            await client.GetStream().WriteAsync("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer good\r\nContent-Length: 1000\r\n\r\n{\"model\""u8.ToArray(), Stop);
            await Task.Delay(200, Stop);
            client.LingerState = new LingerOption(enable: true, seconds: 0);
        }

        UsageRecord record = await RecordAsync();
        Assert.Equal((RequestOutcome.ClientClosed, 499), (record.Outcome, record.StatusCode));
        Assert.Empty(Stub.Requests);
    }

    [Fact]
    public void A_buffer_is_not_given_back_under_its_reader()
    {
        var buffer = new PooledBuffer();
        buffer.Write("hello"u8);
        Assert.True(buffer.TryHold());
        buffer.Dispose();
        buffer.Dispose();
        Assert.Equal("hello"u8.ToArray(), buffer.Written.ToArray());
        buffer.Release();
        Assert.False(buffer.TryHold());
    }

    [Fact]
    public void Ids_sort_by_time_and_differ()
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        string[] ids = [.. Enumerable.Range(0, 1000).Select(i => RequestId.Next(now.AddMilliseconds(i / 10)))];
        Assert.Equal(1000, ids.Distinct().Count());
        Assert.All(ids, id => Assert.Matches("^[0-9a-hjkmnp-tv-z]{26}$", id));
        Assert.Equal(ids.Select(i => i[..10]), ids.Select(i => i[..10]).Order(StringComparer.Ordinal));
    }
}
