#:property PublishAot=false
// Packs a published folder for Azure Functions: dotnet run infra/package.cs -- <folder> <zip>
// The same folder gives the same bytes: entries in order of their names, one fixed time. The executable that host.json names has mode 0755,
// whatever it has in the folder: the host starts it as it is unpacked. A zip program that knows modes is not on every machine; .NET is.
using System.IO.Compression;
using System.Text.Json;

const int RegularFile = 0x8000;
const int Executable = 0b111_101_101;
const int Readable = 0b110_100_100;

if (args is not [string folder, string zip])
{
    Console.Error.WriteLine("usage: dotnet run infra/package.cs -- <published folder> <zip>");
    return 2;
}

string host = Path.Combine(folder, "host.json");
if (!File.Exists(host))
{
    Console.Error.WriteLine($"{host} is missing: {folder} is not a published folder.");
    return 1;
}

string executable = JsonElement.Parse(File.ReadAllText(host)).GetProperty("customHandler").GetProperty("description").GetProperty("defaultExecutablePath").GetString()!;
if (!File.Exists(Path.Combine(folder, executable)))
{
    Console.Error.WriteLine($"{executable}, which host.json starts, is missing in {folder}.");
    return 1;
}

if (Path.GetDirectoryName(Path.GetFullPath(zip)) is { } parent)
{
    Directory.CreateDirectory(parent);
}

var time = new DateTimeOffset(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);
using (var archive = new ZipArchive(File.Create(zip), ZipArchiveMode.Create))
{
    foreach (string name in Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(folder, path).Replace('\\', '/')).Order(StringComparer.Ordinal))
    {
        ZipArchiveEntry entry = archive.CreateEntry(name, CompressionLevel.SmallestSize);
        entry.LastWriteTime = time;
        entry.ExternalAttributes = (RegularFile | (name == executable ? Executable : Readable)) << 16;
        using Stream content = entry.Open();
        using FileStream file = File.OpenRead(Path.Combine(folder, name));
        file.CopyTo(content);
    }
}

Console.WriteLine($"{zip}: {new FileInfo(zip).Length / 1e6:0.0} MB");
return 0;
