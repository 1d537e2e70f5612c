package org.smollm3.cli;

import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.error.SmolLm3Exception;
import org.smollm3.spi.FileInspector;
import org.smollm3.spi.Tool;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** Parses a command line, runs the command, and turns whatever goes wrong into one line. */
final class Program {
  static final String NAME = "smollm3";
  private static final String DEBUG_VARIABLE = "SMOLLM3_DEBUG";
  private static final String DEBUG_HINT = "; " + Specs.DEBUG + " shows where";

  private final Console console;
  private final Map<String, String> environment;
  private final Map<String, Command> commands = new LinkedHashMap<>();

  Program(Console console, Map<String, String> environment, List<Command> commands) {
    this.console = console;
    this.environment = environment;
    for (Command command : commands) {
      this.commands.put(command.spec().name(), command);
    }
  }

  /** The commands of this module, then those of every {@link Tool} that is installed, by name. */
  static List<Command> installedCommands(Console console) {
    List<Command> commands = new ArrayList<>();
    commands.add(new GenerateCommand(new LibraryTextGenerator()));
    commands.add(new BackendsCommand());
    commands.add(
        new InspectCommand(
            Services.all(
                ServiceLoader.load(FileInspector.class),
                Function.identity(),
                broken -> warn(console, "an inspector could not be loaded: " + describe(broken)))));
    commands.add(new ShardCommand());
    commands.add(new QuantizeCommand());
    Set<String> taken = new HashSet<>();
    commands.forEach(command -> taken.add(command.spec().name()));

    Map<String, Command> tools = new TreeMap<>();
    List<ToolCommand> found =
        Services.all(
            ServiceLoader.load(Tool.class),
            ToolCommand::new,
            broken -> warn(console, "a command could not be loaded: " + describe(broken)));
    for (ToolCommand tool : found) {
      if (taken.add(tool.name())) {
        tools.put(tool.name(), tool);
      } else {
        warn(console, "command '" + tool.name() + "' of " + tool.owner() + " is taken");
      }
    }
    commands.addAll(tools.values());
    return commands;
  }

  private static boolean wantsDebug(Map<String, String> environment) {
    return !environment.getOrDefault(DEBUG_VARIABLE, "").isBlank();
  }

  /** Runs one command line to its {@link ExitCode}. */
  int run(String... args) {
    try {
      int code = parseAndRun(helpCommandAsOption(args));
      console.out().flush();
      return code;
    } catch (OutputClosedException e) {
      return e.readerGone()
          ? ExitCode.READER_GONE
          : fail("cannot write the output: " + OneLine.of(String.valueOf(e.getMessage())));
    } finally {
      console.err().flush();
    }
  }

  /** {@code help COMMAND} is {@code COMMAND --help}. */
  private static String[] helpCommandAsOption(String... args) {
    if (args.length == 0 || !args[0].equals("help")) {
      return args;
    }
    return args.length == 1 ? new String[] {"--help"} : new String[] {args[1], "--help"};
  }

  private int parseAndRun(String... args) {
    CommandLine root = commandLine();
    ParseResult parsed;
    try {
      parsed = root.parseArgs(args);
    } catch (ParameterException e) {
      error(usageError(e));
      return ExitCode.USAGE;
    }
    if (parsed.isVersionHelpRequested()) {
      console.out().println(Version.line());
      return ExitCode.SUCCESS;
    }
    ParseResult leaf = parsed.hasSubcommand() ? parsed.subcommand() : parsed;
    if (leaf.isUsageHelpRequested()) {
      print(leaf.commandSpec().commandLine(), console.out());
      return ExitCode.SUCCESS;
    }
    Command command = commands.get(leaf.commandSpec().name());
    if (command == null) {
      print(root, console.err());
      return ExitCode.USAGE;
    }
    return run(command, leaf);
  }

  private int run(Command command, ParseResult parsed) {
    boolean debug =
        wantsDebug(environment) || parsed.matchedOptionValue(Specs.DEBUG, Boolean.FALSE);
    try {
      return command.run(parsed, console);
    } catch (OutputClosedException e) {
      throw e;
    } catch (InvalidRequestException e) {
      return fail(ExitCode.USAGE, describe(e), e, debug);
    } catch (SmolLm3Exception e) {
      return fail(ExitCode.UNUSABLE, describe(e), e, debug);
    } catch (UncheckedIOException e) {
      Throwable cause = e.getCause();
      return fail(ExitCode.UNUSABLE, describe(cause == null ? e : cause), e, debug);
    } catch (OutOfMemoryError e) {
      String advice = "; give the JVM more with SMOLLM3_JAVA_OPTS=-Xmx8g";
      return fail(ExitCode.UNUSABLE, "out of memory: " + describe(e) + advice, e, debug);
    } catch (RuntimeException | Error e) {
      String problem = "internal error: " + e.getClass().getSimpleName() + ": " + describe(e);
      return fail(ExitCode.UNUSABLE, problem + (debug ? "" : DEBUG_HINT), e, debug);
    }
  }

  private CommandLine commandLine() {
    CommandSpec spec =
        Specs.command(NAME, "SmolLM3 in pure Java: generates text, checks and compares backends.");
    spec.usageMessage().customSynopsis(NAME + " COMMAND [OPTIONS] [ARGUMENTS]");
    spec.addOption(
        OptionSpec.builder("-V", "--version")
            .versionHelp(true)
            .description("print the version and exit")
            .build());
    spec.addOption(
        OptionSpec.builder("-h", "--help")
            .usageHelp(true)
            .description("print this help and exit; COMMAND --help for one command")
            .build());
    List<String> footer =
        new ArrayList<>(
            Specs.examples(
                "smollm3 generate \"Once upon a time\"",
                "smollm3 generate --model ~/models/SmolLM3-3B --greedy \"The capital of France is\"",
                "smollm3 backends"));
    footer.addAll(
        List.of(
            "",
            "Exit codes: 0 success, 1 a check failed, 2 bad usage, 3 a backend or file is unusable.",
            "Environment: SMOLLM3_BACKEND names the backend, SMOLLM3_JAVA_OPTS holds JVM options,",
            "SMOLLM3_DEBUG=1 prints stack traces."));
    Specs.footer(spec, footer);
    CommandLine root = new CommandLine(spec);
    commands.forEach((name, command) -> root.addSubcommand(name, new CommandLine(command.spec())));
    // A prompt is text: nothing in it is a file to expand or a variable to replace.
    root.setExpandAtFiles(false);
    root.setInterpolateVariables(false);
    root.setAllowOptionsAsOptionParameters(false);
    return root;
  }

  private static void print(CommandLine commandLine, PrintWriter out) {
    commandLine.usage(out, Ansi.OFF);
  }

  private static String usageError(ParameterException e) {
    CommandLine where = e.getCommandLine();
    String command = where.getCommandSpec().qualifiedName(" ");
    String help = "; see " + command + " --help";
    if (e instanceof UnmatchedArgumentException unmatched && !unmatched.getUnmatched().isEmpty()) {
      String first = unmatched.getUnmatched().get(0);
      boolean atRoot = where.getParent() == null;
      String kind = first.startsWith("-") ? "option" : atRoot ? "command" : "argument";
      String problem =
          kind.equals("argument")
              ? "one argument too many: " + OneLine.quote(first)
              : "unknown " + kind + " " + OneLine.quote(first);
      return problem + suggestion(unmatched.getSuggestions(), kind) + help;
    }
    String message = OneLine.of(String.valueOf(e.getMessage()));
    return message.substring(0, 1).toLowerCase(java.util.Locale.ROOT) + message.substring(1) + help;
  }

  private static String suggestion(List<String> suggestions, String kind) {
    return suggestions.isEmpty() || kind.equals("argument")
        ? ""
        : "; did you mean " + suggestions.get(0) + "?";
  }

  private int fail(int code, String problem, Throwable cause, boolean debug) {
    console.out().flush();
    error(problem);
    if (debug) {
      cause.printStackTrace(console.err());
    }
    return code;
  }

  private int fail(String problem) {
    error(problem);
    return ExitCode.UNUSABLE;
  }

  private void error(String problem) {
    console.err().println(NAME + ": " + problem);
  }

  private static void warn(Console console, String problem) {
    console.err().println(NAME + ": warning: " + problem);
  }

  private static String describe(Throwable error) {
    String message = error.getMessage();
    return OneLine.of(message == null ? error.getClass().getSimpleName() : message);
  }
}
