using System.Diagnostics;

namespace Serverless.Gateway.Tests.Storage;

/// <summary>A disk of a given size, in memory, so that it can be full. Where none may be made (it takes the rights of root) a test is skipped.</summary>
internal sealed class SmallDisk : IDisposable
{
    private SmallDisk(string folder) => Folder = folder;

    /// <summary>Where it is mounted.</summary>
    public string Folder { get; }

    /// <summary>Makes one.</summary>
    /// <param name="kilobytes">Its size.</param>
    public static SmallDisk Make(int kilobytes)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Disks of a given size are made on Linux only.");
        string folder = Directory.CreateTempSubdirectory("serverless-disk-").FullName;
        bool made = Run("mount", "-t", "tmpfs", "-o", $"size={kilobytes}k", "serverless-test", folder);
        if (!made)
        {
            Directory.Delete(folder);
        }

        Assert.SkipUnless(made, "No disk may be mounted here.");
        return new SmallDisk(folder);
    }

    /// <summary>Takes all its room.</summary>
    public void Fill()
    {
        using var file = new FileStream(Path.Combine(Folder, "ballast"), FileMode.Append, FileAccess.Write, FileShare.None, 1);
        foreach (int size in (int[])[65536, 1])
        {
            try
            {
                byte[] block = new byte[size];
                while (true)
                {
                    file.Write(block);
                }
            }
            catch (IOException)
            {
                // Full, but for less than a block.
            }
        }
    }

    /// <summary>Gives back what <see cref="Fill"/> has taken.</summary>
    public void Clear() => File.Delete(Path.Combine(Folder, "ballast"));

    public void Dispose()
    {
        // Lazily: whoever still has a file open keeps it until then.
        Run("umount", "-l", Folder);
        Directory.Delete(Folder);
    }

    private static bool Run(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
