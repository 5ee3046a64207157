using System.IO.Compression;
using System.Security.Cryptography;

namespace Serverless.Gateway.Reports.Dashboard;

/// <summary>A file of the dashboard, ready to be sent in any encoding. Compressed when it is first asked for.</summary>
internal sealed class DashboardAsset
{
    private readonly byte[] _plain;
    private readonly Lazy<byte[]> _brotli;
    private readonly Lazy<byte[]> _gzip;

    public DashboardAsset(string name, byte[] content)
    {
        _plain = content;
        ContentType = ContentTypes[Path.GetExtension(name)];
        Hash = Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, 16));
        _brotli = new(() => Compress(static target => new BrotliStream(target, CompressionLevel.Optimal)));
        _gzip = new(() => Compress(static target => new GZipStream(target, CompressionLevel.Optimal)));
    }

    /// <summary>What it is.</summary>
    public string ContentType { get; }

    /// <summary>Of its content: half of its SHA-256 in hexadecimal digits.</summary>
    public string Hash { get; }

    /// <summary>Its bytes in the best encoding that the browser takes, and a tag that no other bytes have.</summary>
    /// <param name="acceptEncoding">The request's header.</param>
    public (byte[] Content, string? Encoding, string ETag) For(string acceptEncoding)
    {
        if (Takes(acceptEncoding, "br"))
        {
            return (_brotli.Value, "br", $"\"{Hash}-br\"");
        }

        return Takes(acceptEncoding, "gzip") ? (_gzip.Value, "gzip", $"\"{Hash}-gzip\"") : (_plain, null, $"\"{Hash}\"");
    }

    private static readonly Dictionary<string, string> ContentTypes = new()
    {
        [".html"] = "text/html; charset=utf-8",
        [".css"] = "text/css; charset=utf-8",
        [".js"] = "text/javascript; charset=utf-8",
        [".svg"] = "image/svg+xml",
        [".txt"] = "text/plain; charset=utf-8",
    };

    private static bool Takes(string acceptEncoding, string encoding) => acceptEncoding.Split(',').Any(part =>
    {
        string[] words = part.Split(';', StringSplitOptions.TrimEntries);
        return words[0].Equals(encoding, StringComparison.OrdinalIgnoreCase) && !words.Skip(1).Any(w => w is "q=0" or "q=0.0");
    });

    private byte[] Compress(Func<Stream, Stream> open)
    {
        using var target = new MemoryStream();
        using (Stream stream = open(target))
        {
            stream.Write(_plain);
        }

        return target.ToArray();
    }
}
