package org.smollm3.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.smollm3.error.InvalidRequestException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.TypeConversionException;

/** Parts of command specifications that all commands share. */
final class Specs {
  static final String DEBUG = "--debug";
  static final String JSON = "--json";

  private Specs() {}

  /** A command with the options that every command has. */
  static CommandSpec command(String name, String summary) {
    CommandSpec spec = CommandSpec.create().name(name);
    spec.usageMessage().description(literal(summary)).sortOptions(false).width(100);
    spec.usageMessage().abbreviateSynopsis(true);
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
    return OptionSpec.builder(name).type(boolean.class).description(summary).build();
  }

  static OptionSpec value(String name, String label, String summary) {
    return OptionSpec.builder(name)
        .type(String.class)
        .arity("1")
        .paramLabel(label)
        .description(summary)
        .build();
  }

  /** A whole number; {@code type} is Integer or Long. */
  static OptionSpec wholeNumber(String name, String label, Class<?> type, String summary) {
    return OptionSpec.builder(name)
        .type(type)
        .converters(text -> parse(text, type, "whole number"))
        .arity("1")
        .paramLabel(label)
        .description(summary)
        .build();
  }

  static OptionSpec number(String name, String label, String summary) {
    return OptionSpec.builder(name)
        .type(Double.class)
        .converters(text -> parse(text, Double.class, "number"))
        .arity("1")
        .paramLabel(label)
        .description(summary)
        .build();
  }

  private static Object parse(String text, Class<?> type, String wanted) {
    try {
      if (type == Integer.class) {
        return Integer.valueOf(text);
      }
      return type == Long.class ? Long.valueOf(text) : (Object) Double.valueOf(text);
    } catch (NumberFormatException e) {
      throw new TypeConversionException(
          OneLine.quote(text) + " is no " + wanted + (type == Double.class ? "" : " in range"));
    }
  }

  static OptionSpec repeatable(String name, String label, String summary) {
    return OptionSpec.builder(name)
        .type(List.class)
        .auxiliaryTypes(String.class)
        .arity("1")
        .paramLabel(label)
        .description(summary)
        .build();
  }

  /** Positional arguments, as many as are written; {@link #positionals} judges their number. */
  static PositionalParamSpec arguments(String label, String summary) {
    return PositionalParamSpec.builder()
        .type(List.class)
        .auxiliaryTypes(String.class)
        .arity("0..*")
        .paramLabel(label)
        .hideParamSyntax(true)
        .description(summary)
        .build();
  }

  /**
   * The positional arguments that were written.
   *
   * @throws InvalidRequestException if there are fewer or more than may be
   */
  static List<String> positionals(ParseResult parsed, String label, int min, int max) {
    List<String> values =
        parsed.commandSpec().positionalParameters().isEmpty()
            ? List.of()
            : parsed.matchedPositionalValue(0, List.<String>of());
    String help = "; see " + parsed.commandSpec().qualifiedName(" ") + " --help";
    if (values.size() < min) {
      throw new InvalidRequestException("missing " + label + help);
    }
    if (values.size() > max) {
      throw new InvalidRequestException(
          "one argument too many: " + OneLine.quote(values.get(max)) + help);
    }
    return List.copyOf(values);
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

  /** Text as picocli prints it unchanged: it formats a command's texts, though not an option's. */
  static String literal(String text) {
    return text.replace("%", "%%");
  }
}
