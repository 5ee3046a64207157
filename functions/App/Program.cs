using Serverless.App;
using Serverless.Gateway.Configuration;

if (KeyCommands.TryRun(args, Console.In, Console.Out))
{
    return 0;
}

WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(args);
GatewaySettings settings;
string? file;
try
{
    file = builder.Configuration.AddGatewayFile();
    settings = GatewaySettingsReader.Read(builder.Configuration);
}
catch (GatewayConfigurationException e)
{
    return StartupText.Refuse(e, Console.Error);
}

builder.Services.AddGateway(settings);
HostSetup.Apply(builder, settings);
await using WebApplication app = builder.Build();
HostSetup.Apply(app, settings);
try
{
    await app.StartAsync();
}
catch (IOException e)
{
    return StartupText.CannotListen(settings, e, Console.Error);
}

StartupText.Announce(app, settings, file, Console.Out);
await app.WaitForShutdownAsync();

// A Functions host takes an exit code of 0 for an end that was meant, and does not start the process again.
return settings.Address.BehindFunctionsHost ? 1 : 0;
