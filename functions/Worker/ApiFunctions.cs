using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;

namespace Serverless.Worker;

/// <summary>One function for each API family, the same as the folders of the custom handler. A trigger that names no methods takes all.</summary>
public sealed class ApiFunctions(GatewayPipeline gateway)
{
    [Function("admin")]
    public Task Admin([HttpTrigger(AuthorizationLevel.Anonymous, Route = "ai-gateway/admin/{*path}")] HttpRequest request) => gateway.RunAsync(request);

    [Function("ai-gateway")]
    public Task Prefixed([HttpTrigger(AuthorizationLevel.Anonymous, Route = "ai-gateway/{*path}")] HttpRequest request) => gateway.RunAsync(request);

    [Function("anthropic")]
    public Task Anthropic([HttpTrigger(AuthorizationLevel.Anonymous, Route = "anthropic/{*path}")] HttpRequest request) => gateway.RunAsync(request);

    [Function("codex")]
    public Task Codex([HttpTrigger(AuthorizationLevel.Anonymous, Route = "codex/{*path}")] HttpRequest request) => gateway.RunAsync(request);

    [Function("cursor")]
    public Task Cursor([HttpTrigger(AuthorizationLevel.Anonymous, Route = "cursor/{*path}")] HttpRequest request) => gateway.RunAsync(request);

    [Function("gemini")]
    public Task Gemini([HttpTrigger(AuthorizationLevel.Anonymous, Route = "gemini/{*path}")] HttpRequest request) => gateway.RunAsync(request);

    [Function("health")]
    public Task Health([HttpTrigger(AuthorizationLevel.Anonymous, Route = "health")] HttpRequest request) => gateway.RunAsync(request);

    [Function("mlflow")]
    public Task Mlflow([HttpTrigger(AuthorizationLevel.Anonymous, Route = "mlflow/{*path}")] HttpRequest request) => gateway.RunAsync(request);

    [Function("openai")]
    public Task OpenAI([HttpTrigger(AuthorizationLevel.Anonymous, Route = "openai/{*path}")] HttpRequest request) => gateway.RunAsync(request);

    [Function("reports")]
    public Task Reports([HttpTrigger(AuthorizationLevel.Anonymous, Route = "reports/{*path}")] HttpRequest request) => gateway.RunAsync(request);

    [Function("v1")]
    public Task V1([HttpTrigger(AuthorizationLevel.Anonymous, Route = "v1/{*path}")] HttpRequest request) => gateway.RunAsync(request);
}
