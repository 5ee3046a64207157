using System.Reflection;
using System.Security.Cryptography;
using System.Text;

namespace Serverless.Gateway.Reports.Dashboard;

/// <summary>
/// The dashboard's page and its files, which lie within this assembly so that they are there wherever the gateway runs. Every address in
/// them is relative, so that any prefix works; the files' addresses hold <see cref="Version"/>, so that they can be kept for ever.
/// </summary>
internal sealed class DashboardAssets
{
    private const string ResourcePrefix = "dashboard/";
    private const string PageName = "index.html";

    /// <summary>What stands in the page for the folder that holds its files.</summary>
    private const string FolderMark = "@/";

    private readonly Dictionary<string, DashboardAsset> _files = [];

    public DashboardAssets()
    {
        Assembly assembly = typeof(DashboardAssets).Assembly;
        string page = "";
        using var all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string resource in assembly.GetManifestResourceNames().Where(n => n.StartsWith(ResourcePrefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            string name = resource[ResourcePrefix.Length..];
            byte[] content = Read(assembly, resource);
            all.AppendData(Encoding.UTF8.GetBytes(name));
            all.AppendData(content);
            if (name == PageName)
            {
                page = Encoding.UTF8.GetString(content);
            }
            else
            {
                _files[name] = new DashboardAsset(name, content);
            }
        }

        Version = Convert.ToHexStringLower(all.GetHashAndReset().AsSpan(0, 6));
        PageAtName = Page($"reports/assets/{Version}/");
        PageInFolder = Page($"assets/{Version}/");

        DashboardAsset Page(string folder) => new(PageName, Encoding.UTF8.GetBytes(page.Replace(FolderMark, folder, StringComparison.Ordinal)));
    }

    /// <summary>Of all files together; another one when any of them is another.</summary>
    public string Version { get; }

    /// <summary>The page for <c>/reports</c>.</summary>
    public DashboardAsset PageAtName { get; }

    /// <summary>The page for <c>/reports/</c>, from where the same relative address leads elsewhere.</summary>
    public DashboardAsset PageInFolder { get; }

    /// <summary>The paths of all files below the folder.</summary>
    public IEnumerable<string> Names => _files.Keys;

    /// <summary>A file by its path below the folder; null when there is none.</summary>
    public DashboardAsset? Find(string name) => _files.GetValueOrDefault(name);

    private static byte[] Read(Assembly assembly, string resource)
    {
        using Stream stream = assembly.GetManifestResourceStream(resource)!;
        byte[] content = new byte[stream.Length];
        stream.ReadExactly(content);
        return content;
    }
}
