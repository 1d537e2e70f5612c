package org.smollm3.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** Parts of command specifications that all commands share. */
final class Specs {
  static final String DEBUG = "--debug";
  static final String JSON = "--json";

  private Specs() {}

  /** A command with the options that every command has. */
  static CommandSpec command(String name, String summary) {
    CommandSpec spec = CommandSpec.create().name(name);
    spec.usageMessage().description(literal(summary)).sortOptions(false).width(100);
    spec.usageMessage().adjustLineBreaksForWideCJKCharacters(true);
    return spec;
  }

  /** Adds the options that stand last in every help text. */
  static CommandSpec withCommonOptions(CommandSpec spec) {
    return spec.addOption(flag(DEBUG, "print the stack trace of an error"))
        .addOption(
            OptionSpec.builder("-h", "--help")
                .usageHelp(true)
                .description("print this help and exit")
                .build());
  }

  static OptionSpec flag(String name, String summary) {
    return OptionSpec.builder(name).type(boolean.class).description(literal(summary)).build();
  }

  static OptionSpec value(String name, String label, Class<?> type, String summary) {
    return OptionSpec.builder(name)
        .type(type)
        .arity("1")
        .paramLabel(label)
        .description(literal(summary))
        .build();
  }

  static OptionSpec repeatable(String name, String label, String summary) {
    return OptionSpec.builder(name)
        .type(List.class)
        .auxiliaryTypes(String.class)
        .arity("1")
        .paramLabel(label)
        .description(literal(summary))
        .build();
  }

  /** Positional arguments whose label is shown as it is given. */
  static PositionalParamSpec arguments(String label, String arity, String summary) {
    return PositionalParamSpec.builder()
        .type(List.class)
        .auxiliaryTypes(String.class)
        .arity(arity)
        .paramLabel(label)
        .hideParamSyntax(true)
        .description(literal(summary))
        .build();
  }

  /** Paragraphs and examples below the options. */
  static void footer(CommandSpec spec, List<String> lines) {
    List<String> footer = new ArrayList<>();
    footer.add("");
    footer.addAll(lines);
    spec.usageMessage().footer(footer.stream().map(Specs::literal).toArray(String[]::new));
  }

  /** Lines of an "Examples:" section. */
  static List<String> examples(String... commands) {
    List<String> lines = new ArrayList<>();
    lines.add("Examples:");
    Arrays.stream(commands).map(command -> "  " + command).forEach(lines::add);
    return lines;
  }

  /** Text as picocli prints it unchanged: it takes help texts for format strings. */
  static String literal(String text) {
    return text.replace("%", "%%");
  }
}
