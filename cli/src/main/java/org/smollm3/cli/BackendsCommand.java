package org.smollm3.cli;

import java.io.PrintWriter;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.smollm3.error.BackendException;
import org.smollm3.spi.Availability.Available;
import org.smollm3.spi.Availability.Unavailable;
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.Backends;
import org.smollm3.spi.Backends.Candidate;
import org.smollm3.spi.Backends.Selection;
import org.smollm3.spi.Capability;
import org.smollm3.spi.NumericsProfile;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Lists every backend: whether it can be used, why not, and which one would be chosen. */
final class BackendsCommand implements Command {
  private static final String VERBOSE = "--verbose";

  private final Supplier<Backends> discovery;

  BackendsCommand() {
    this(Backends::discover);
  }

  BackendsCommand(Supplier<Backends> discovery) {
    this.discovery = discovery;
  }

  @Override
  public CommandSpec spec() {
    CommandSpec spec =
        Specs.command("backends", "List every backend: available, or why not and what to do.")
            .addOption(Specs.flag(VERBOSE, "open each and show capabilities and how it computes"))
            .addOption(Specs.flag(Specs.JSON, "print the list as JSON"));
    Specs.withCommonOptions(spec);
    Specs.footer(spec, Specs.examples("smollm3 backends --verbose", "smollm3 backends --json"));
    return spec;
  }

  @Override
  public int run(ParseResult parsed, Console console) {
    Backends backends = discovery.get();
    boolean verbose = parsed.matchedOptionValue(VERBOSE, false);
    if (parsed.matchedOptionValue(Specs.JSON, false)) {
      Json.print(json(backends, verbose), console);
    } else {
      print(backends, verbose, console.out());
    }
    return ExitCode.SUCCESS;
  }

  /** What the default would be: a selection, or the reason why there is none. */
  private record Default(Optional<Selection> selection, String reason) {
    static Default of(Backends backends) {
      try {
        Selection selection = backends.select();
        return new Default(Optional.of(selection), selection.reason());
      } catch (BackendException e) {
        return new Default(Optional.empty(), String.valueOf(e.getMessage()));
      }
    }
  }

  /** What an opened backend says of itself, or why it could not be opened. */
  private record Facts(Optional<Backend> backend, String problem) implements AutoCloseable {
    static Facts of(Backends backends, Candidate candidate) {
      try {
        return new Facts(
            Optional.of(backends.open(candidate.name(), BackendOptions.defaults())), "");
      } catch (BackendException e) {
        return new Facts(Optional.empty(), OneLine.of(String.valueOf(e.getMessage())));
      }
    }

    @Override
    public void close() {
      backend.ifPresent(Backend::close);
    }
  }

  private static void print(Backends backends, boolean verbose, PrintWriter out) {
    for (Candidate candidate : backends.candidates()) {
      out.printf("%s: %s%n", candidate.name(), OneLine.of(candidate.description()));
      switch (candidate.availability()) {
        case Available available -> {
          out.printf("  available: %s%n", OneLine.of(available.details()));
          out.printf("  priority %d%n", candidate.priority());
          if (verbose) {
            try (Facts facts = Facts.of(backends, candidate)) {
              print(facts, out);
            }
          }
        }
        case Unavailable unavailable -> {
          out.printf("  unavailable: %s%n", OneLine.of(unavailable.reason()));
          out.printf("  what to do: %s%n", OneLine.of(unavailable.remedy()));
        }
      }
      out.println();
    }
    out.printf("default: %s%n", OneLine.of(Default.of(backends).reason()));
  }

  private static void print(Facts facts, PrintWriter out) {
    if (facts.backend().isEmpty()) {
      out.printf("  cannot be opened: %s%n", facts.problem());
      return;
    }
    Backend backend = facts.backend().get();
    NumericsProfile numerics = backend.numerics();
    out.printf(
        "  computes: accumulation %s, reduction over ranks %s, rounding %s, subnormals %s%n",
        numerics.accumulation(), numerics.reduction(), numerics.rounding(), numerics.subnormals());
    out.printf("  determinism: %s%n", numerics.determinism());
    if (!numerics.deviations().isEmpty()) {
      out.printf("  deviations: %s%n", new TreeSet<>(numerics.deviations()));
    }
    out.println("  capabilities:");
    for (Capability capability : new TreeSet<>(backend.capabilities())) {
      out.printf("    %-20s %s%n", capability, capability.meaning());
    }
  }

  private static ObjectNode json(Backends backends, boolean verbose) {
    ObjectNode root = Json.object();
    ArrayNode list = root.putArray("backends");
    for (Candidate candidate : backends.candidates()) {
      ObjectNode entry = list.addObject();
      entry.put("name", candidate.name());
      entry.put("description", candidate.description());
      entry.put("priority", candidate.priority());
      switch (candidate.availability()) {
        case Available available -> {
          entry.put("available", true);
          entry.put("details", available.details());
          if (verbose) {
            try (Facts facts = Facts.of(backends, candidate)) {
              describe(facts, entry);
            }
          }
        }
        case Unavailable unavailable -> {
          entry.put("available", false);
          entry.put("reason", unavailable.reason());
          entry.put("remedy", unavailable.remedy());
        }
      }
    }
    Default chosen = Default.of(backends);
    ObjectNode node = root.putObject("default");
    chosen
        .selection()
        .ifPresentOrElse(
            selection -> node.put("name", selection.name()), () -> node.putNull("name"));
    node.put("reason", chosen.reason());
    return root;
  }

  private static void describe(Facts facts, ObjectNode entry) {
    if (facts.backend().isEmpty()) {
      entry.put("problem", facts.problem());
      return;
    }
    Backend backend = facts.backend().get();
    NumericsProfile profile = backend.numerics();
    ObjectNode numerics = entry.putObject("numerics");
    numerics.put("accumulation", profile.accumulation().name());
    numerics.put("reduction", profile.reduction().name());
    numerics.put("rounding", profile.rounding().name());
    numerics.put("subnormals", profile.subnormals().name());
    numerics.put("determinism", profile.determinism().name());
    ArrayNode deviations = numerics.putArray("deviations");
    new TreeSet<>(profile.deviations()).forEach(deviation -> deviations.add(deviation.name()));
    ArrayNode capabilities = entry.putArray("capabilities");
    new TreeSet<>(backend.capabilities()).forEach(each -> capabilities.add(each.name()));
  }
}
