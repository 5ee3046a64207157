using System.Security.Cryptography;

namespace Serverless.Gateway.Pipeline;

/// <summary>
/// Ids of requests: 26 characters that sort by time, 48 bits of Unix milliseconds and 80 random bits in Crockford's base 32
/// (https://www.crockford.com/base32.html). Always the gateway's own: an id that a client sends is not trusted to be unique.
/// </summary>
internal static class RequestId
{
    public const int Length = 26;

    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

    public static string Next(DateTimeOffset now) => string.Create(Length, now.ToUnixTimeMilliseconds(), static (text, time) =>
    {
        for (int i = 9; i >= 0; i--)
        {
            text[i] = Alphabet[(int)(time & 31)];
            time >>= 5;
        }

        Span<byte> random = stackalloc byte[16];
        RandomNumberGenerator.Fill(random);
        for (int i = 0; i < 16; i++)
        {
            text[10 + i] = Alphabet[random[i] & 31];
        }
    });
}
