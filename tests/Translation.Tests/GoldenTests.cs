using System.Text;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Tests;

/// <summary>
/// Every example through every target, what was dropped included, beside files to be read as code: <c>Golden/{kind}/{dialect}/{case}.to.{target}</c>.
/// </summary>
public sealed class GoldenTests
{
    public static TheoryData<string, string> Requests => Fixture.Rows(Fixture.Requests);

    public static TheoryData<string, string> Responses => Fixture.Rows(Fixture.Responses);

    public static TheoryData<string, string> Streams => Fixture.Rows(Fixture.Streams);

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Requests))]
    public void Request(string dialect, string name)
    {
        Fixture fixture = Fixture.Of(Fixture.Requests, dialect, name);
        ForEachTarget(fixture, ".json", target =>
        {
            CrossedRequest crossed;
            try
            {
                crossed = Crossing.Encode(fixture.DecodeRequest(), target, report: fixture.Report());
            }
            catch (GatewayException e)
            {
                return Golden.Layout(writer =>
                {
                    writer.WriteStartObject();
                    writer.WriteString("refused", $"{e.Error.Status} {e.Error.Param}: {e.Error.Message}");
                    writer.WriteEndObject();
                });
            }

            return Golden.Layout(writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("path", crossed.Path);
                writer.WritePropertyName("body");
                JsonText.Parse(crossed.Body).WriteTo(writer);
                writer.WriteStartArray("report");
                foreach (ReportEntry entry in crossed.Report.Entries)
                {
                    writer.WriteStringValue($"{(entry.Dropped ? "dropped" : "changed")} {entry.Field}: {entry.Reason}");
                }

                writer.WriteEndArray();
                writer.WriteEndObject();
            });
        });
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Responses))]
    public void Response(string dialect, string name)
    {
        Fixture fixture = Fixture.Of(Fixture.Responses, dialect, name);
        ForEachTarget(fixture, ".json", client =>
            Golden.Layout(writer => JsonDocument.Parse(Crossing.Render(client, fixture.Dialect.DecodeResponse(fixture.ReadJson()))).RootElement.WriteTo(writer)));
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Streams))]
    public void Stream(string dialect, string name)
    {
        Fixture fixture = Fixture.Of(Fixture.Streams, dialect, name);
        ForEachTarget(fixture, ".sse", client => Encoding.UTF8.GetString(Crossing.Render(client, Crossing.Events(fixture.Dialect, fixture.Read()))));
    }

    /// <summary>Checks every target's file, then tells of all that differ.</summary>
    private static void ForEachTarget(Fixture fixture, string extension, Func<IChatDialect, string> render)
    {
        List<Exception> differing = [];
        foreach (IChatDialect target in DialectCatalog.Chat)
        {
            try
            {
                string file = $"{fixture.Case}.to.{Fixture.FolderOf(target.Id)}{extension}";
                Golden.Check(Path.Combine(fixture.Kind, Fixture.FolderOf(fixture.Dialect.Id), file), render(target));
            }
            catch (Exception e) when (e is Xunit.Sdk.XunitException or GatewayException)
            {
                differing.Add(e);
            }
        }

        Assert.True(differing.Count == 0, string.Join('\n', differing.Select(e => e.Message)));
    }
}
