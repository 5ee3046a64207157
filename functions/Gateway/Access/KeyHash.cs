using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Serverless.Gateway.Access;

/// <summary>SHA-256 of a caller's key. Only hashes are kept: a key has 256 random bits, so nothing slower is needed.</summary>
internal sealed class KeyHash : IEquatable<KeyHash>
{
    /// <summary>Shortest key that is taken.</summary>
    public const int MinKeyLength = 20;

    private readonly byte[] _bytes;

    private KeyHash(byte[] bytes) => _bytes = bytes;

    /// <summary>The hash of a key.</summary>
    public static KeyHash Of(string key) => new(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    /// <summary>Reads 64 hexadecimal digits; null when it is something else.</summary>
    public static KeyHash? Parse(string hex)
    {
        byte[] bytes = new byte[SHA256.HashSizeInBytes];
        return hex.Length == bytes.Length * 2 && Convert.FromHexString(hex, bytes, out _, out _) == System.Buffers.OperationStatus.Done ? new KeyHash(bytes) : null;
    }

    /// <summary>A new random key.</summary>
    public static string NewKey() => "gw-" + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    /// <summary>64 hexadecimal digits, for a configuration.</summary>
    public string ToHex() => Convert.ToHexStringLower(_bytes);

    /// <summary>Compares in constant time.</summary>
    public bool Equals(KeyHash? other) => other is not null && CryptographicOperations.FixedTimeEquals(_bytes, other._bytes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as KeyHash);

    /// <inheritdoc/>
    public override int GetHashCode() => BitConverter.ToInt32(_bytes);

    /// <summary>Stars: not even a hash belongs into a log.</summary>
    public override string ToString() => "***";
}
