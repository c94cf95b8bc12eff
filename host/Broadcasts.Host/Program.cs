using Broadcasts.Host.CommandLine;

return await Cli.RunAsync(args);
