using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Gemini;

/// <summary>
/// Where a model stands below <c>https://generativelanguage.googleapis.com</c> (https://ai.google.dev/api/all-methods) and, for full
/// resource names, below <c>https://aiplatform.googleapis.com</c> (https://docs.cloud.google.com/vertex-ai/docs/reference/rest).
/// </summary>
internal static class GeminiPath
{
    /// <summary>The path of a method of a model.</summary>
    /// <param name="model">A bare name, or a resource name such as <c>models/x</c> or <c>publishers/google/models/x</c>.</param>
    /// <param name="action">The method, for example <c>generateContent</c>.</param>
    public static string Of(string model, string action) => $"{Resource(model)}:{action}";

    /// <summary>The name of a model as bodies spell it (<c>models/x</c>).</summary>
    public static string ResourceName(string model) => IsResource(model) ? model : $"models/{model}";

    private static string Resource(string model)
    {
        if (!IsResource(model))
        {
            return $"v1beta/models/{PathSegment.Encode(model)}";
        }

        string path = string.Join('/', model.Split('/').Select(PathSegment.Encode));
        return model.StartsWith("models/", StringComparison.Ordinal) || model.StartsWith("tunedModels/", StringComparison.Ordinal)
            ? $"v1beta/{path}"
            : $"v1/{path}";
    }

    /// <summary>True for names in which slashes part collections from their members; in any other name a slash is a character.</summary>
    private static bool IsResource(string model)
    {
        string[] parts = model.Split('/');
        return parts.Length % 2 == 0 && parts[0] switch
        {
            "models" or "tunedModels" => parts.Length == 2,
            "publishers" or "projects" => parts.Length >= 4,
            _ => false,
        };
    }
}
