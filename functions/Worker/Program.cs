using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Serverless.Gateway.Configuration;
using Serverless.Worker;

FunctionsApplicationBuilder builder = FunctionsApplication.CreateBuilder(args);
builder.ConfigureFunctionsWebApplication();
builder.Configuration.AddGatewayFile();
builder.Services.AddGateway(builder.Configuration, isolatedWorker: true);
builder.Services.AddSingleton<GatewayPipeline>();

// The gateway keeps its own limit, and says it in the client's envelope.
builder.Services.Configure<KestrelServerOptions>(kestrel => kestrel.Limits.MaxRequestBodySize = null);

// By default every request sends seven lines of the framework's to the host.
builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
builder.Build().Run();
