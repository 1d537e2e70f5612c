package org.smollm3.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.smollm3.spi.Tool;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** A subcommand that another module contributes. */
final class ToolCommand implements Command {
  private final Tool tool;
  private final Tool.Usage usage;

  ToolCommand(Tool tool) {
    this.tool = tool;
    this.usage = tool.usage();
  }

  String name() {
    return usage.name();
  }

  /** Who contributes it, for messages. */
  String owner() {
    return tool.getClass().getName();
  }

  @Override
  public CommandSpec spec() {
    CommandSpec spec = Specs.command(usage.name(), usage.summary());
    for (Tool.Option option : usage.options()) {
      if (option.isFlag()) {
        spec.addOption(Specs.flag(option.name(), option.summary()));
      } else {
        String fallback =
            option.fallback().isEmpty() ? "" : " (default: " + option.fallback() + ")";
        spec.addOption(Specs.value(option.name(), option.label(), option.summary() + fallback));
      }
    }
    Specs.withCommonOptions(spec);
    if (usage.maxArguments() > 0) {
      spec.addPositional(Specs.arguments(label(), ""));
    }
    if (!usage.details().isEmpty()) {
      Specs.footer(spec, usage.details());
    }
    return spec;
  }

  private String label() {
    boolean bracketed = usage.arguments().startsWith("[");
    return usage.minArguments() == 0 && !bracketed
        ? "[" + usage.arguments() + "]"
        : usage.arguments();
  }

  @Override
  public int run(ParseResult parsed, Console console) {
    Map<String, String> values = new LinkedHashMap<>();
    for (Tool.Option option : usage.options()) {
      if (option.isFlag()) {
        if (parsed.matchedOptionValue(option.name(), false)) {
          values.put(option.name(), "true");
        }
      } else {
        String value = parsed.matchedOptionValue(option.name(), option.fallback());
        if (!value.isEmpty() || parsed.hasMatchedOption(option.name())) {
          values.put(option.name(), value);
        }
      }
    }
    List<String> arguments =
        Specs.positionals(parsed, usage.arguments(), usage.minArguments(), usage.maxArguments());
    return tool.run(
        new Tool.Invocation(
            arguments, Map.copyOf(values), console.out(), console.err(), console.interactive()));
  }
}
