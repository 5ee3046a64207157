using System.Text;
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
        Check(client, Recording.DecodeRequest(id, file));
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
                IReadOnlyList<string> faults = RequestFaults.Of(dialect.Id, JsonText.Parse(crossed.Body));
                Assert.True(faults.Count == 0, $"{string.Join('\n', faults)}\n{Encoding.UTF8.GetString(crossed.Body)}");
                CheckNothingSaidIsLost(request, crossed);
            },
            iter: 500,
            print: CanonicalText.Of);
    }

    private static void CheckNothingSaidIsLost(ChatRequest request, CrossedRequest crossed)
    {
        string sent = string.Join('\n', JsonText.Texts(JsonText.Parse(crossed.Body)));
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
            if (request.RequiresDialect is not null)
            {
                // It leans on what only its own provider has stored, so it is refused.
                Assert.Equal(400, Assert.Throws<GatewayException>(() => Crossing.Encode(request, target)).Error.Status);
                continue;
            }

            CrossedRequest crossed = Crossing.Encode(request, target);
            faults.AddRange(RequestFaults.Of(target.Id, JsonText.Parse(crossed.Body)).Select(f => $"→ {target.Id}: {f}"));
        }

        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }
}
