using Serverless.App;
using Serverless.Gateway.Configuration;

if (KeyCommands.TryRun(args, Console.In, Console.Out))
{
    return 0;
}

if (await UsageCommands.TryRunAsync(args, Console.OpenStandardOutput, Console.Out, Console.Error) is { } exitCode)
{
    return exitCode;
}

// Settings are read once, so nothing watches their files: where many folders lie below the working directory, watching costs the start 0.2 s.
Environment.SetEnvironmentVariable("ASPNETCORE_hostBuilder__reloadConfigOnChange", "false");
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
    return StartupText.Refuse(e, ListenAddress.From(builder.Configuration), Console.Error);
}

builder.Services.AddGateway(settings);
HostSetup.Apply(builder, settings);
TelemetryExport.Apply(builder, settings.Telemetry, settings.Address.BehindFunctionsHost);
await using WebApplication app = builder.Build();
try
{
    HostSetup.Apply(app);
    await app.StartAsync();
}
catch (GatewayConfigurationException e)
{
    // What only this machine can tell: a folder that is another user's.
    return StartupText.Refuse(e, ListenAddress.From(builder.Configuration), Console.Error);
}
catch (IOException e)
{
    return StartupText.CannotListen(settings, e, Console.Error);
}

StartupText.Announce(app, settings, file, Console.Out);
try
{
    await app.WaitForShutdownAsync();
}
catch (OperationCanceledException)
{
    // Requests ran for longer than a process that is to end may wait; their records are written when the store is disposed.
}

StartupText.Leave(app, settings);

// A Functions host takes an exit code of 0 for an end that was meant, and does not start the process again.
return settings.Address.BehindFunctionsHost ? 1 : 0;
