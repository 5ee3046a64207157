using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Tests.Adaptation;

/// <summary>What providers refuse with a 400 although it is only a matter of form.</summary>
public sealed class ProviderDemandsTests
{
    private static readonly ChatRequest Plain = new() { Model = "m", Messages = [new Message(Role.User, [new TextPart("Hi")])] };

    private static readonly DialectTraits Short = new() { MaxUserId = 64 };

    private static readonly DialectTraits Impersonal = new() { ImpersonalUserIds = true };

    [Fact]
    public void LongIdentifiersBecomeTheSameHashEachTime()
    {
        var report = new TranslationReport();
        string id = new('x', 65);
        ChatRequest first = EndUserIds.Fit(Plain with { User = id, PromptCacheKey = id }, Short, report);
        Assert.Matches("^[0-9a-f]{32}$", first.User);
        Assert.Equal(first.User, first.PromptCacheKey);
        Assert.Equal(first.User, EndUserIds.Fit(Plain with { User = id }, Short, report).User);
        Assert.NotEqual(first.User, EndUserIds.Fit(Plain with { User = id + "y" }, Short, report).User);
        Assert.Contains(report.Entries, e => e is { Field: "user", Dropped: false });
        Assert.Equal(new string('x', 64), EndUserIds.Fit(Plain with { User = new string('x', 64) }, Short, report).User);
    }

    [Theory]
    [InlineData("ann@example.com", true)]
    [InlineData("+47 912 34 567", true)]
    [InlineData("user-7", false)]
    [InlineData("123456", false)]
    [InlineData("0b9c3e0a-8f1d-4f0e-9d5a-2f4b6c8d0e1f", false)]
    public void IdentifiersThatTellWhoAPersonIsAreHashed(string id, bool hashed)
    {
        var report = new TranslationReport();
        Assert.Equal(hashed, EndUserIds.Fit(Plain with { User = id }, Impersonal, report).User != id);
        Assert.Equal(hashed ? 1 : 0, report.Entries.Count);
    }

    [Fact]
    public void JsonIsMentionedOnlyWhereNobodyDid()
    {
        var traits = new DialectTraits { WantsJsonMentioned = true };
        var report = new TranslationReport();
        ChatRequest asked = Plain with { ResponseFormat = new ResponseFormat(ResponseFormatKind.JsonObject) };
        Assert.Same(Plain, JsonMention.Add(Plain, traits, report));
        Assert.Same(asked, JsonMention.Add(asked, new DialectTraits(), report));
        ChatRequest mentioned = asked with { Messages = [new Message(Role.User, [new TextPart("As json!")])] };
        Assert.Same(mentioned, JsonMention.Add(mentioned, traits, report));
        Assert.Empty(report.Entries);

        ChatRequest told = JsonMention.Add(asked, traits, report);
        Assert.Equal(Role.System, told.Messages[0].Role);
        Assert.Contains("JSON", Assert.IsType<TextPart>(told.Messages[0].Parts[0]).Text, StringComparison.Ordinal);
        Assert.Single(report.Entries);
    }
}
