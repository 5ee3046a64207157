using System.Security.Cryptography;

namespace Serverless.Gateway.Pipeline;

/// <summary>
/// Ids of requests: 26 characters that sort by time, in Crockford's base 32 (https://www.crockford.com/base32.html): 48 bits of Unix
/// milliseconds, 10 bits that are the same for all requests of this process, 70 random bits. <see cref="Metering.Storage.UsageKey"/>
/// finds a record by these parts. Always the gateway's own: an id that a client sends is not trusted to be unique. It is a name, not a secret.
/// </summary>
internal static class RequestId
{
    public const int Length = 26;

    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

    private static readonly int Shard = RandomNumberGenerator.GetInt32(1024);

    public static string Next(DateTimeOffset now) => string.Create(Length, now.ToUnixTimeMilliseconds(), static (text, time) =>
    {
        for (int i = 9; i >= 0; i--)
        {
            text[i] = Alphabet[(int)(time & 31)];
            time >>= 5;
        }

        text[10] = Alphabet[Shard >> 5];
        text[11] = Alphabet[Shard & 31];
        Span<byte> random = stackalloc byte[14];
        Random.Shared.NextBytes(random);
        for (int i = 0; i < random.Length; i++)
        {
            text[12 + i] = Alphabet[random[i] & 31];
        }
    });
}
