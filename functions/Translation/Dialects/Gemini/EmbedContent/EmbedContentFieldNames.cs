namespace Serverless.Translation.Dialects.Gemini.EmbedContent;

/// <summary>What this API calls the fields that reports mention.</summary>
internal static class EmbedContentFieldNames
{
    public static readonly FieldNames Names = new(new Dictionary<string, string[]>
    {
        ["taskType"] = ["taskType", "requests[].taskType"],
        ["title"] = ["title", "requests[].title"],
        ["dimensions"] = ["outputDimensionality", "requests[].outputDimensionality"],
    });
}
