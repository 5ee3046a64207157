using System.IO.Compression;

namespace Serverless.Gateway.Tests.Pipeline;

internal static class Compressed
{
    public static byte[] By(string encoding, byte[] bytes)
    {
        var output = new MemoryStream();
        using (Stream stream = encoding switch
        {
            "gzip" => new GZipStream(output, CompressionLevel.Fastest),
            "br" => new BrotliStream(output, CompressionLevel.Fastest),
            _ => new ZLibStream(output, CompressionLevel.Fastest),
        })
        {
            stream.Write(bytes);
        }

        return output.ToArray();
    }
}
