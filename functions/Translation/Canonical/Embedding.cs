namespace Serverless.Translation.Canonical;

/// <summary>One request for embeddings.</summary>
public sealed record EmbeddingRequest
{
    /// <summary>The endpoint that the client named as its model.</summary>
    public required string Model { get; init; }

    /// <summary>What to embed, in order; never empty.</summary>
    public required IReadOnlyList<EmbeddingInput> Inputs { get; init; }

    /// <summary>True when the client sent a list (so that a one-element list is answered as a list).</summary>
    public bool Batch { get; init; }

    /// <summary>Length of the vectors; null for the model's own.</summary>
    public int? Dimensions { get; init; }

    /// <summary>How the client wants its numbers.</summary>
    public EmbeddingEncoding Encoding { get; init; }

    /// <summary>What the vectors are for, in Gemini's words (<c>RETRIEVAL_QUERY</c> …).</summary>
    public string? TaskType { get; init; }

    /// <summary>An identifier of the client's end user.</summary>
    public string? User { get; init; }

    /// <summary>Fields that only the client's dialect knows.</summary>
    public ExtraFields? Extra { get; init; }
}

/// <summary>One thing to embed: a text or its tokens.</summary>
public sealed record EmbeddingInput
{
    /// <summary>The text; null when <see cref="Tokens"/> is given.</summary>
    public string? Text { get; init; }

    /// <summary>Token ids of the model's own vocabulary.</summary>
    public IReadOnlyList<int>? Tokens { get; init; }

    /// <summary>Title of the document that the text comes from (Gemini).</summary>
    public string? Title { get; init; }

    /// <summary>What this one is for, where it differs from the request's.</summary>
    public string? TaskType { get; init; }
}

/// <summary>How vectors are written in JSON.</summary>
public enum EmbeddingEncoding
{
    /// <summary>An array of numbers.</summary>
    Float,

    /// <summary>Base64 of little-endian 32-bit floats.</summary>
    Base64,
}

/// <summary>The answer to an <see cref="EmbeddingRequest"/>.</summary>
public sealed record EmbeddingResponse
{
    /// <summary>The model that served the request.</summary>
    public string? Model { get; init; }

    /// <summary>One vector an input, in the order of the inputs.</summary>
    public required IReadOnlyList<ReadOnlyMemory<float>> Vectors { get; init; }

    /// <summary>What was counted; null when the provider does not tell.</summary>
    public TokenUsage? Usage { get; init; }

    /// <summary>Fields that only the provider's dialect knows.</summary>
    public ExtraFields? Extra { get; init; }
}
