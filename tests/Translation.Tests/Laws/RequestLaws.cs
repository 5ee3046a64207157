using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Tests.Laws;

/// <summary>What holds for every client's request, whichever provider it goes to.</summary>
public sealed class RequestLaws
{
    public static TheoryData<string, string> Own => Fixture.Rows(Fixture.Requests);

    public static TheoryData<string, string> Recorded => Recording.Rows(PayloadKind.Request);

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Own))]
    public void ARequestSurvivesItsOwnDialect(string dialect, string name)
    {
        Assert.SkipWhen(name.StartsWith("legacy", StringComparison.Ordinal), "Its words are those of an older version, and it goes on in the newer ones.");

        // What belongs to others does not survive on purpose.
        Assert.SkipWhen(name.Contains("foreign", StringComparison.Ordinal) || name.Contains("signature-in-id", StringComparison.Ordinal), "It holds another dialect's seals.");
        Fixture fixture = Fixture.Of(Fixture.Requests, dialect, name);
        CheckRoundTrip(fixture.Dialect, fixture.Read(), fixture.Address);
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Recorded))]
    public void ARecordedRequestSurvivesItsOwnDialect(string dialect, string file)
    {
        var id = new DialectId(dialect);
        CheckRoundTrip(DialectCatalog.ChatDialect(id), Payloads.Read(file), Recording.AddressOf(id, file));
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Own))]
    public void PassedOnARequestKeepsEveryByteButTheSplices(string dialect, string name)
    {
        Fixture fixture = Fixture.Of(Fixture.Requests, dialect, name);
        CheckSplice(fixture.Dialect, fixture.Read());
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Recorded))]
    public void PassedOnARecordedRequestKeepsEveryByteButTheSplices(string dialect, string file) =>
        CheckSplice(DialectCatalog.ChatDialect(new DialectId(dialect)), Payloads.Read(file));

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Own))]
    public void NothingIsLostInSilence(string dialect, string name)
    {
        Fixture fixture = Fixture.Of(Fixture.Requests, dialect, name);
        CheckNoLoss(fixture.Dialect, fixture.Read(), fixture.Address);
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Recorded))]
    public void NothingOfARecordedRequestIsLostInSilence(string dialect, string file)
    {
        var id = new DialectId(dialect);
        CheckNoLoss(DialectCatalog.ChatDialect(id), Payloads.Read(file), Recording.AddressOf(id, file));
    }

    private static void CheckRoundTrip(IChatDialect dialect, byte[] body, RequestAddress address)
    {
        ChatRequest request = Crossing.Decode(dialect, body, address);
        JsonNode before = JsonNode.Parse(Mended(body), documentOptions: new JsonDocumentOptions { MaxDepth = 256 })!;
        string expected = JsonText.Normal(RequestNormalForm.Of(dialect.Id, before));
        List<string> differences = [];
        foreach ((string model, DialectQuirks quirks) in ModelsOf(dialect.Id))
        {
            JsonNode after = JsonNode.Parse(Crossing.EncodeOnly(request, dialect, model, quirks), documentOptions: new JsonDocumentOptions { MaxDepth = 256 })!;
            after["model"] = before["model"]?.DeepClone();
            string actual = JsonText.Normal(RequestNormalForm.Of(dialect.Id, after));
            if (expected == actual)
            {
                return;
            }

            differences.Add($"The request changes for {model} ({Golden.Difference(expected, actual)}");
        }

        Assert.Fail(string.Join('\n', differences));
    }

    /// <summary>What can be asked depends on the model and its server; every request is one that some model takes as it is.</summary>
    private static IEnumerable<(string Model, DialectQuirks Quirks)> ModelsOf(DialectId dialect) => dialect.Name switch
    {
        "anthropic.messages" => Plain("some-model", "claude-sonnet-4-5", "claude-opus-4-6", "claude-opus-4-8"),
        "gemini.generate-content" => Plain("gemini-2.5-flash", "gemini-3-pro"),
        "openai.chat-completions" =>
        [
            .. Plain("gpt-5.1"),
            ("databricks-claude", new DialectQuirks { ReasoningReplayField = "content", ThinkingField = true }),
            ("any-model", new DialectQuirks { ReasoningReplayField = "reasoning_content", TopK = true, ThoughtSignatures = true, AnyMedia = true }),
            ("brain-trust", new DialectQuirks { ReasoningReplayField = "reasoning" }),
        ],
        _ => Plain("gpt-4.1", "gpt-5.1"),
    };

    private static IEnumerable<(string Model, DialectQuirks Quirks)> Plain(params string[] models) => models.Select(m => (m, DialectQuirks.None));

    private static void CheckSplice(IChatDialect dialect, byte[] bytes)
    {
        byte[] mended = Mended(bytes);
        bool foreign = Encoding.UTF8.GetString(bytes).Contains("__sig_", StringComparison.Ordinal) || Encoding.UTF8.GetString(bytes).Contains("gw1.", StringComparison.Ordinal);
        Assert.SkipWhen(foreign, "It holds another dialect's seals, which are taken out.");
        JsonBody body = JsonBody.Check(bytes.ToArray());
        var output = new ArrayBufferWriter<byte>();
        dialect.SpliceRequest(body, "model-at-provider", output);
        string before = Encoding.UTF8.GetString(mended);
        string after = Encoding.UTF8.GetString(output.WrittenSpan);

        // Undo the splices in the text itself; what remains must be the client's bytes.
        JsonElement root = JsonDocument.Parse(before).RootElement;
        if (dialect.Id == DialectIds.GenerateContent && !root.TryGetProperty("model", out _))
        {
            // The model stands in the URL.
            Assert.Equal(before, after);
            return;
        }

        string model = dialect.Id == DialectIds.GenerateContent ? "\"models/model-at-provider\"" : "\"model-at-provider\"";
        Assert.Contains(model, after, StringComparison.Ordinal);
        if (root.TryGetProperty("model", out JsonElement own))
        {
            after = ReplaceOnce(after, model, own.GetRawText());
        }
        else
        {
            after = ReplaceOnce(after, $"\"model\":{model},", "");
        }

        if (dialect.Id == DialectIds.ChatCompletions && root.TryGetProperty("stream", out JsonElement stream) && stream.ValueKind == JsonValueKind.True)
        {
            JsonElement options = JsonDocument.Parse(after).RootElement.GetProperty("stream_options");
            Assert.True(options.GetProperty("include_usage").GetBoolean());
            after = root.TryGetProperty("stream_options", out JsonElement ownOptions)
                ? ReplaceOnce(after, options.GetRawText(), ownOptions.GetRawText())
                : ReplaceOnce(after, $"\"stream_options\":{options.GetRawText()},", "");
        }

        Assert.Equal(before, after);
    }

    private static void CheckNoLoss(IChatDialect client, byte[] body, RequestAddress address)
    {
        JsonElement source = JsonText.Parse(Mended(body));
        List<string> lost = [];
        ChatRequest request = Crossing.Decode(client, body, address);
        Assert.SkipUnless(request.RequiresDialect is null, "Only its own dialect's providers can serve it.");
        foreach (IChatDialect target in DialectCatalog.Chat.Where(t => t != client))
        {
            CrossedRequest crossed = Crossing.Encode(request, target, report: new TranslationReport(client.FieldNames, source));
            lost.AddRange(LossCheck.Lost(source, client.Id, crossed).Select(l => $"→ {target.Id}: {l}"));
            lost.AddRange(crossed.Report.Entries.Where(e => e.Dropped && !FieldNames.Has(source, e.Field)).Select(e => $"→ {target.Id}: no field of the client's is called {e.Field} ({e.Reason})"));
        }

        Assert.True(lost.Count == 0, string.Join('\n', lost));
    }

    /// <summary>The body as the gateway reads it: half surrogate pairs replaced.</summary>
    private static byte[] Mended(byte[] body)
    {
        byte[] copy = body.ToArray();
        return JsonBody.Check(copy).Bytes.ToArray();
    }

    private static string ReplaceOnce(string text, string old, string replacement)
    {
        int at = text.IndexOf(old, StringComparison.Ordinal);
        Assert.True(at >= 0, $"'{old}' is not there.");
        return string.Concat(text.AsSpan(0, at), replacement, text.AsSpan(at + old.Length));
    }
}
