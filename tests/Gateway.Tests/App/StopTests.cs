using System.Text;
using System.Text.Json;
using Serverless.Gateway.Tests.Pipeline;
using Serverless.Tests;

namespace Serverless.Gateway.Tests.App;

/// <summary>A process that is asked to end while a request runs on it, which it cannot wait for any longer.</summary>
public sealed class StopTests
{
    [Fact]
    public async Task It_ends_as_it_was_asked_to_and_the_record_says_why()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There is no SIGTERM on Windows.");
        CancellationToken stop = TestContext.Current.CancellationToken;
        DirectoryInfo folder = Directory.CreateTempSubdirectory("serverless-stop-");
        await using StubProvider stub = await StubProvider.StartAsync();
        stub.Answer = _ => StubAnswer.Sse([.. Family.Chat.Head.Concat(Family.Chat.Content).Select(StubStep.Write), StubStep.Hang]);
        string[] Arguments(int port) =>
            ["--urls", $"http://127.0.0.1:{port}", $"--Gateway:usage:path={Path.Combine(folder.FullName, "usage.db")}", "--shutdownTimeoutSeconds=1", "--Gateway:providers:openai:apiKey=x", $"--Gateway:providers:openai:baseUrl={stub.Address}v1"];

        int port = AppProcess.FreePort();
        string id;
        await using (AppProcess app = AppProcess.Start(Arguments(port)))
        {
            using HttpClient client = await app.ReadyAsync(port);
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(Family.Chat.Body("openai/gpt-5.1", true), Encoding.UTF8, "application/json") };
            HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop);
            id = response.Headers.GetValues("x-request-id").Single();
            await new Reading(await response.Content.ReadAsStreamAsync(stop)).UntilAsync(Family.Said);
            await app.TerminateAsync();
            Assert.Equal(0, await app.ExitAsync());
            Assert.DoesNotContain("Unhandled exception", app.Errors + app.Output, StringComparison.Ordinal);
        }

        port = AppProcess.FreePort();
        await using (AppProcess app = AppProcess.Start(Arguments(port)))
        {
            using HttpClient client = await app.ReadyAsync(port);
            JsonElement record = JsonDocument.Parse(await client.GetStringAsync($"/reports/requests/{id}", stop)).RootElement;
            Assert.Equal(("internal_error", "gateway_stopped", 200), (record.GetProperty("outcome").GetString(), record.GetProperty("error_code").GetString(), record.GetProperty("status_code").GetInt32()));
            Assert.True(record.GetProperty("estimated").GetBoolean());
        }

        folder.Delete(recursive: true);
    }
}
