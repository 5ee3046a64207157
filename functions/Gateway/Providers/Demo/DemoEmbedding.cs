using System.Globalization;
using Serverless.Translation.Canonical;

namespace Serverless.Gateway.Providers.Demo;

/// <summary>
/// Embeddings that need no model: every word points in a direction of its own, a text in the sum of its words. So texts that share words are near
/// each other, and the same text always has the same vector, of length one.
/// </summary>
internal static class DemoEmbedding
{
    private const int DefaultDimensions = 256;
    private const int MaxDimensions = 4096;

    /// <summary>The answer.</summary>
    /// <exception cref="GatewayException">More dimensions are asked for than there are.</exception>
    public static EmbeddingResponse Answer(EmbeddingRequest request)
    {
        int dimensions = request.Dimensions ?? DefaultDimensions;
        if (dimensions is < 1 or > MaxDimensions)
        {
            throw new GatewayException(GatewayError.Invalid($"'dimensions' must be between 1 and {MaxDimensions}.", "dimensions"));
        }

        return new EmbeddingResponse
        {
            Model = request.Model,
            Vectors = [.. request.Inputs.Select(input => Vector(WordsOf(input), dimensions))],
            Usage = new TokenUsage { InputTokens = request.Inputs.Sum(input => input.Tokens?.Count ?? DemoTokens.Of(input.Text ?? "")) },
        };
    }

    private static IEnumerable<string> WordsOf(EmbeddingInput input) =>
        input.Tokens is not null
            ? input.Tokens.Select(token => token.ToString(CultureInfo.InvariantCulture))
            : (input.Text ?? "").ToLowerInvariant().Split([' ', '\t', '\r', '\n', '.', ',', ';', ':', '!', '?'], StringSplitOptions.RemoveEmptyEntries);

    private static ReadOnlyMemory<float> Vector(IEnumerable<string> words, int dimensions)
    {
        float[] vector = new float[dimensions];
        foreach (string word in words.DefaultIfEmpty(""))
        {
            ulong state = Hash(word);
            for (int i = 0; i < dimensions; i++)
            {
                vector[i] += Next(ref state);
            }
        }

        double length = Math.Sqrt(vector.Sum(x => (double)x * x));
        for (int i = 0; i < dimensions; i++)
        {
            vector[i] = (float)(vector[i] / length);
        }

        return vector;
    }

    // FNV-1a; string.GetHashCode differs from process to process.
    private static ulong Hash(string word) => word.Aggregate(14695981039346656037UL, (hash, c) => (hash ^ c) * 1099511628211UL);

    // SplitMix64, scaled to -1 … 1.
    private static float Next(ref ulong state)
    {
        state += 0x9E3779B97F4A7C15;
        ulong z = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return ((z ^ (z >> 31)) >> 40) / (float)(1 << 23) - 1f;
    }
}
