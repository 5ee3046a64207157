using System.Text;
using System.Text.Json;
using CsCheck;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using Serverless.Translation.Tests.Validators;

namespace Serverless.Translation.Tests.Laws;

/// <summary>Whatever a client sends, no provider is sent what its API refuses for its form.</summary>
public sealed class LegalRequestLaws
{
    public static TheoryData<string, string> Own => Fixture.Rows(Fixture.Requests);

    public static TheoryData<string, string> Recorded => Recording.Rows(PayloadKind.Request);

    public static TheoryData<string> Targets => [.. DialectCatalog.Chat.Select(d => d.Id.Name)];

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Own))]
    public void EveryTargetGetsALegalRequest(string dialect, string name)
    {
        Fixture fixture = Fixture.Of(Fixture.Requests, dialect, name);
        Check(fixture.Dialect, fixture.DecodeRequest());
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Recorded))]
    public void EveryTargetGetsALegalRequestOfARecordedOne(string dialect, string file)
    {
        var id = new DialectId(dialect);
        IChatDialect client = DialectCatalog.ChatDialect(id);
        Check(client, Crossing.Decode(client, Payloads.Read(file), Payloads.AddressOf(id)));
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Targets))]
    public void AnyHistoryBecomesALegalRequest(string target)
    {
        IChatDialect dialect = DialectCatalog.ChatDialect(new DialectId(target));
        RandomHistory.Any.Sample(
            request =>
            {
                CrossedRequest crossed = Crossing.Encode(request, dialect);
                IReadOnlyList<string> faults = RequestFaults.Of(dialect.Id, JsonDocument.Parse(crossed.Body).RootElement);
                Assert.True(faults.Count == 0, $"{string.Join('\n', faults)}\n{Encoding.UTF8.GetString(crossed.Body)}");
                CheckNothingSaidIsLost(request, crossed);
            },
            iter: 500,
            print: CanonicalText.Of);
    }

    private static void CheckNothingSaidIsLost(ChatRequest request, CrossedRequest crossed)
    {
        string sent = string.Join('\n', JsonText.Texts(JsonDocument.Parse(crossed.Body).RootElement));
        foreach (TextPart text in request.Messages.SelectMany(m => m.Parts).OfType<TextPart>().Where(t => !string.IsNullOrWhiteSpace(t.Text)))
        {
            Assert.Contains(text.Text, sent, StringComparison.Ordinal);
        }
    }

    private static void Check(IChatDialect client, ChatRequest request)
    {
        List<string> faults = [];
        foreach (IChatDialect target in DialectCatalog.Chat.Where(t => t != client))
        {
            CrossedRequest crossed = Crossing.Encode(request, target);
            faults.AddRange(RequestFaults.Of(target.Id, JsonDocument.Parse(crossed.Body, new JsonDocumentOptions { MaxDepth = 256 }).RootElement).Select(f => $"→ {target.Id}: {f}"));
        }

        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }
}
