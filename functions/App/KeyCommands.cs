using Serverless.Gateway.Access;

namespace Serverless.App;

/// <summary>
/// <code>
/// Serverless.App new-key          makes a caller's key and prints its hash
/// Serverless.App hash-key [key]   prints the hash of a key, which is read from the input when it is not given
/// </code>
/// </summary>
internal static class KeyCommands
{
    /// <summary>Runs the command that the arguments name; false when they name none.</summary>
    public static bool TryRun(string[] args, TextReader input, TextWriter output)
    {
        switch (args)
        {
            case ["new-key"]:
                string key = KeyHash.NewKey();
                output.WriteLine($"key        {key}");
                output.WriteLine($"keySha256  {KeyHash.Of(key).ToHex()}");
                output.WriteLine();
                output.WriteLine("Give the key to the caller; it is stored nowhere. Put the hash into 'callers' of gateway.json:");
                output.WriteLine($$"""  { "id": "me", "keySha256": "{{KeyHash.Of(key).ToHex()}}" }""");
                return true;
            case ["hash-key", .. var rest]:
                string? given = rest is [var argument] ? argument : input.ReadLine();
                output.WriteLine(KeyHash.Of(given?.Trim() ?? "").ToHex());
                return true;
            default:
                return false;
        }
    }
}
