using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Serverless.Translation.Tests;

/// <summary>
/// Compares what the code makes with a file under <c>Golden/</c>, byte by byte. <c>UPDATE_GOLDEN=1 dotnet test</c> rewrites the files;
/// read the difference as code.
/// </summary>
internal static class Golden
{
    private static readonly bool Update = Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1";

    /// <summary>Fails with the first differing lines when the file does not hold the text.</summary>
    public static void Check(string file, string actual)
    {
        string path = Path.Combine(Fixture.Sources, "Golden", file);
        if (Update)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, actual);
            return;
        }

        Assert.True(File.Exists(path), $"There is no Golden/{file}. Run UPDATE_GOLDEN=1 dotnet test, then read the file.");
        string expected = File.ReadAllText(path);
        if (expected != actual)
        {
            Assert.Fail($"Golden/{file} differs ({Difference(expected, actual)}");
        }
    }

    /// <summary>JSON laid out for reading; keys and numbers as they came.</summary>
    public static string Layout(Action<Utf8JsonWriter> write)
    {
        var output = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(output, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            write(writer);
        }

        return Encoding.UTF8.GetString(output.WrittenSpan) + "\n";
    }

    /// <summary>The first place where two texts part, with two lines around it.</summary>
    public static string Difference(string expected, string actual)
    {
        string[] left = expected.Split('\n');
        string[] right = actual.Split('\n');
        int at = 0;
        while (at < left.Length && at < right.Length && left[at] == right[at])
        {
            at++;
        }

        var text = new StringBuilder();
        text.Append("line ").Append(at + 1).Append("):\n");
        for (int i = Math.Max(0, at - 2); i < at; i++)
        {
            text.Append("    ").Append(Shorten(left[i], 0)).Append('\n');
        }

        int column = Column(at < left.Length ? left[at] : "", at < right.Length ? right[at] : "");
        for (int i = at; i < Math.Min(left.Length, at + 3); i++)
        {
            text.Append("  - ").Append(Shorten(left[i], i == at ? column : 0)).Append('\n');
        }

        for (int i = at; i < Math.Min(right.Length, at + 3); i++)
        {
            text.Append("  + ").Append(Shorten(right[i], i == at ? column : 0)).Append('\n');
        }

        return text.ToString();
    }

    private static int Column(string left, string right)
    {
        int at = 0;
        while (at < left.Length && at < right.Length && left[at] == right[at])
        {
            at++;
        }

        return at;
    }

    private static string Shorten(string line, int around)
    {
        int from = Math.Max(0, around - 80);
        return line.Length <= 300 ? line : (from > 0 ? "…" : "") + line[from..Math.Min(line.Length, from + 300)] + "…";
    }
}
