using System.Security.Cryptography;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Tests.Laws;

/// <summary>
/// Images, documents and sound arrive at every provider with the same bytes (compared by SHA-256), in users' turns and in tool results.
/// What a provider's format has no place for stands below, by name; nothing else may be missing.
/// </summary>
public sealed class MediaLaws
{
    private static readonly string[] Cases = ["media", "tool-result-media"];

    /// <summary>A report names a place by the client's path, or by the turn and the part in it.</summary>
    private static bool IsReported(CrossedRequest crossed, string path) =>
        crossed.Report.Entries.Any(e => e.Dropped && (path.StartsWith(e.Field, StringComparison.Ordinal) || e.Field.StartsWith("messages[", StringComparison.Ordinal)));

    /// <summary>Kinds that a target's format cannot hold at all: reported, never sent.</summary>
    private static bool CannotHold(DialectId target, string mediaType) => mediaType.Split('/')[0] switch
    {
        // Neither has sound in its input.
        "audio" => target == DialectIds.Messages || target == DialectIds.Responses,
        "video" => target != DialectIds.GenerateContent,
        _ => false,
    };

    public static TheoryData<string, string, string> Rows
    {
        get
        {
            var rows = new TheoryData<string, string, string>();
            foreach (Fixture fixture in Fixture.All(Fixture.Requests).Where(f => Cases.Contains(f.Case)))
            {
                foreach (IChatDialect target in DialectCatalog.Chat)
                {
                    rows.Add(fixture.Dialect.Id.Name, fixture.Case, target.Id.Name);
                }
            }

            return rows;
        }
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Rows))]
    public void EveryByteArrives(string client, string name, string target)
    {
        Fixture fixture = Fixture.Of(Fixture.Requests, client, name);
        IChatDialect dialect = DialectCatalog.ChatDialect(new DialectId(target));
        CrossedRequest crossed = Crossing.Encode(fixture.DecodeRequest(), dialect);
        JsonElement sent = JsonText.Parse(crossed.Body);
        List<string> arrived = [.. Blobs(sent).Select(b => b.Hash)];
        List<string> faults = [];
        foreach ((string path, string hash, string mediaType) in Blobs(fixture.ReadJson()))
        {
            bool reported = !arrived.Contains(hash) && IsReported(crossed, path);
            if (arrived.Contains(hash) == (CannotHold(dialect.Id, mediaType) && dialect != fixture.Dialect) || arrived.Contains(hash) == reported)
            {
                faults.Add($"{path} ({mediaType}): arrived {arrived.Contains(hash)}, reported {reported}");
            }
        }

        string[] texts = [.. JsonText.Texts(sent)];
        foreach ((string path, JsonElement value) in JsonText.Leaves(fixture.ReadJson()))
        {
            if (value.ValueKind == JsonValueKind.String && value.GetString()!.StartsWith("https://example.com", StringComparison.Ordinal)
                && !texts.Contains(value.GetString()) && !IsReported(crossed, path))
            {
                faults.Add($"{path}: the address is gone");
            }
        }

        Assert.True(faults.Count == 0, string.Join('\n', faults) + "\n" + JsonText.Normal(System.Text.Json.Nodes.JsonNode.Parse(crossed.Body)) + "\n" + CanonicalText.Of(crossed.Report.Entries));
    }

    /// <summary>Whatever looks like base64 of a file, by its first bytes.</summary>
    private static IEnumerable<(string Path, string Hash, string MediaType)> Blobs(JsonElement json)
    {
        foreach ((string path, JsonElement value) in JsonText.Leaves(json))
        {
            if (value.ValueKind != JsonValueKind.String)
            {
                continue;
            }

            string text = value.GetString()!;
            int comma = text.StartsWith("data:", StringComparison.Ordinal) ? text.IndexOf(',') : -1;
            text = text[(comma + 1)..];
            byte[] bytes = new byte[text.Length];
            if (text.Length > 60 && Convert.TryFromBase64String(text, bytes, out int length))
            {
                string? kind = bytes.AsSpan() switch
                {
                    [0x89, (byte)'P', ..] => "image/png",
                    [(byte)'%', (byte)'P', (byte)'D', (byte)'F', ..] => "application/pdf",
                    [(byte)'R', (byte)'I', (byte)'F', (byte)'F', ..] => "audio/wav",
                    _ => null,
                };
                if (kind is not null)
                {
                    yield return (path, Convert.ToHexString(SHA256.HashData(bytes.AsSpan(0, length))), kind);
                }
            }
        }
    }
}
