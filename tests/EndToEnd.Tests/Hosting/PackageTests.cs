using System.IO.Compression;
using System.Text.Json;
using Serverless.Tests;

namespace Serverless.EndToEnd.Tests.Hosting;

/// <summary>The zip that is deployed. <c>SERVERLESS_PACKAGE</c> names one that <c>infra/package</c> has built.</summary>
public sealed class PackageTests
{
    private const int Executable = 0b1_000_000_111_101_101;
    private const int Readable = 0b1_000_000_110_100_100;

    [Fact]
    public void The_package_is_the_root_of_a_custom_handler()
    {
        string? path = Environment.GetEnvironmentVariable("SERVERLESS_PACKAGE");
        Assert.SkipWhen(path is null, "SERVERLESS_PACKAGE names no package; bash infra/package builds one.");
        using ZipArchive zip = ZipFile.OpenRead(path!);
        string[] functions = [.. new DirectoryInfo(Path.Combine(Repository.Root, "functions", "App")).GetDirectories().Where(folder => File.Exists(Path.Combine(folder.FullName, "function.json"))).Select(folder => folder.Name + "/function.json")];

        Assert.Equal(
            [.. ((string[])["Serverless.App", "gateway.schema.json", "host.json", "libe_sqlite3.so", .. functions]).Order(StringComparer.Ordinal)],
            zip.Entries.Select(entry => entry.FullName));
        Assert.All(zip.Entries, entry => Assert.Equal(entry.FullName == "Serverless.App" ? Executable : Readable, entry.ExternalAttributes >>> 16));
        using Stream host = zip.GetEntry("host.json")!.Open();
        Assert.Equal("Serverless.App", JsonDocument.Parse(host).RootElement.GetProperty("customHandler").GetProperty("description").GetProperty("defaultExecutablePath").GetString());
    }

    [Fact]
    public async Task The_same_folder_gives_the_same_bytes_and_the_executable_its_mode()
    {
        string folder = Directory.CreateTempSubdirectory("serverless-package-").FullName;
        try
        {
            string published = Directory.CreateDirectory(Path.Combine(folder, "published", "openai")).Parent!.FullName;
            foreach ((string name, string source) in new[] { ("openai/function.json", "functions/App/openai/function.json"), ("Serverless.App", "README.md"), ("host.json", "host.json") })
            {
                File.Copy(Path.Combine(Repository.Root, source), Path.Combine(published, name));
            }

            string first = await PackAsync(published, Path.Combine(folder, "first.zip"));
            File.SetLastWriteTimeUtc(Path.Combine(published, "host.json"), DateTime.UtcNow.AddDays(1));
            string second = await PackAsync(published, Path.Combine(folder, "below", "second.zip"));

            Assert.Equal(await File.ReadAllBytesAsync(first, TestContext.Current.CancellationToken), await File.ReadAllBytesAsync(second, TestContext.Current.CancellationToken));
            using ZipArchive zip = ZipFile.OpenRead(first);
            Assert.Equal(
                [("Serverless.App", Executable), ("host.json", Readable), ("openai/function.json", Readable)],
                zip.Entries.Select(entry => (entry.FullName, entry.ExternalAttributes >>> 16)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<string> PackAsync(string published, string zip)
    {
        (int exit, string output) = await Programs.RunAsync("dotnet", ["run", Path.Combine(Repository.Root, "infra", "package.cs"), "--", published, zip], Repository.Root);
        Assert.True(exit == 0, output);
        return zip;
    }
}
