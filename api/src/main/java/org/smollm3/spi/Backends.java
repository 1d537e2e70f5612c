package org.smollm3.spi;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import org.smollm3.error.BackendException;
import org.smollm3.error.SmolLm3Exception;
import org.smollm3.spi.Availability.Available;
import org.smollm3.spi.Availability.Unavailable;

/**
 * Finds backends and chooses one: by name, or where nobody names one, by the property {@value
 * #PROPERTY}, then the environment variable {@value #ENVIRONMENT}, then the available provider with
 * the highest priority. A backend that was named is never replaced by another one.
 */
public final class Backends {
  /** System property that names the backend to use. */
  public static final String PROPERTY = "smollm3.backend";

  /** Environment variable that names the backend to use. */
  public static final String ENVIRONMENT = "SMOLLM3_BACKEND";

  private static final System.Logger LOG = System.getLogger(Backends.class.getName());

  private final List<Candidate> candidates;
  private final Optional<String> configured;
  private final String configuredBy;

  /**
   * A backend that was found, whether it can be used or not.
   *
   * @param provider empty if the provider itself could not be loaded
   */
  public record Candidate(
      String name,
      String description,
      int priority,
      Optional<BackendProvider> provider,
      Availability availability) {}

  /**
   * An opened backend, and why it.
   *
   * @param reason one line: what was chosen, why, and why every other was passed over
   */
  public record Choice(Backend backend, String reason) {}

  private Backends(List<Candidate> candidates, Map<String, String> environment, String property) {
    this.candidates = List.copyOf(candidates);
    String fromEnvironment = environment.getOrDefault(ENVIRONMENT, "");
    if (!property.isBlank()) {
      configured = Optional.of(property.strip());
      configuredBy = "property " + PROPERTY;
    } else if (!fromEnvironment.isBlank()) {
      configured = Optional.of(fromEnvironment.strip());
      configuredBy = "environment variable " + ENVIRONMENT;
    } else {
      configured = Optional.empty();
      configuredBy = "";
    }
  }

  /** Finds all providers that {@link ServiceLoader} sees, and probes them. */
  public static Backends discover() {
    return new Backends(load(), System.getenv(), System.getProperty(PROPERTY, ""));
  }

  /** Over given providers and settings, for tests and embedders. */
  public static Backends of(
      List<BackendProvider> providers, Map<String, String> environment, String property) {
    return new Backends(
        sort(providers.stream().map(Backends::candidate).toList()), environment, property);
  }

  /** Opens the backend of this name; never another. */
  public static Backend open(String name) {
    return discover().open(name, BackendOptions.defaults());
  }

  /** Opens the configured backend, or the best available one, and logs the reason once. */
  public static Backend open() {
    return discover().choose(BackendOptions.defaults()).backend();
  }

  /** Every backend that was found, highest priority first. */
  public List<Candidate> candidates() {
    return candidates;
  }

  /**
   * Opens the backend of this name; never another.
   *
   * @throws BackendException listing the names there are if it is unknown, or with the reason and
   *     the remedy if it is unavailable
   */
  public Backend open(String name, BackendOptions options) {
    Candidate candidate = find(name);
    return switch (candidate.availability()) {
      case Available available -> candidate.provider().orElseThrow().open(options);
      case Unavailable unavailable ->
          throw new BackendException(
              "backend '" + name + "' is unavailable: " + explain(unavailable));
    };
  }

  /**
   * Opens the configured backend, or the best available one.
   *
   * @throws BackendException if the configured one cannot be had, or none is available
   */
  public Choice choose(BackendOptions options) {
    if (configured.isPresent()) {
      String reason = String.format("backend '%s' chosen by %s", configured.get(), configuredBy);
      Backend backend = open(configured.get(), options);
      LOG.log(System.Logger.Level.INFO, reason);
      return new Choice(backend, reason);
    }
    List<String> passedOver = new ArrayList<>();
    for (Candidate candidate : candidates) {
      if (candidate.availability() instanceof Available available
          && candidate.provider().isPresent()) {
        String reason = reason(candidate, available, passedOver);
        Backend backend = candidate.provider().get().open(options);
        LOG.log(System.Logger.Level.INFO, reason);
        return new Choice(backend, reason);
      }
      if (candidate.availability() instanceof Unavailable unavailable) {
        passedOver.add("'" + candidate.name() + "' is unavailable: " + explain(unavailable));
      }
    }
    throw new BackendException(
        candidates.isEmpty()
            ? "no backend found; put smollm3-reference-cpu on the class path or module path"
            : "no backend is available: " + String.join("; ", passedOver));
  }

  private String reason(Candidate chosen, Available available, List<String> passedOver) {
    List<String> others = new ArrayList<>(passedOver);
    for (Candidate other : candidates) {
      if (other.priority() <= chosen.priority() && !other.equals(chosen)) {
        others.add(
            switch (other.availability()) {
              case Available a -> "'" + other.name() + "' has priority " + other.priority();
              case Unavailable u -> "'" + other.name() + "' is unavailable: " + explain(u);
            });
      }
    }
    return String.format(
        "backend '%s' (%s) chosen: available with the highest priority, %d%s",
        chosen.name(),
        available.details(),
        chosen.priority(),
        others.isEmpty() ? "" : "; " + String.join("; ", others));
  }

  private Candidate find(String name) {
    for (Candidate candidate : candidates) {
      if (candidate.name().equals(name.toLowerCase(Locale.ROOT))) {
        return candidate;
      }
    }
    throw new BackendException(
        "unknown backend '"
            + name
            + "'; there are: "
            + String.join(", ", candidates.stream().map(Candidate::name).toList()));
  }

  private static String explain(Unavailable unavailable) {
    return unavailable.reason() + " (" + unavailable.remedy() + ")";
  }

  private static List<Candidate> load() {
    List<Candidate> found = new ArrayList<>();
    Iterator<ServiceLoader.Provider<BackendProvider>> services =
        ServiceLoader.load(BackendProvider.class).stream().iterator();
    while (true) {
      try {
        if (!services.hasNext()) {
          return sort(found);
        }
        found.add(candidate(services.next().get()));
      } catch (ServiceConfigurationError | LinkageError e) {
        // One broken provider is reported beside the others and is not fatal to them.
        found.add(
            new Candidate(
                "(unloadable provider " + found.size() + ")",
                "a provider that could not be loaded",
                Integer.MIN_VALUE,
                Optional.empty(),
                new Unavailable(oneLine(e), "fix or remove the provider's jar")));
      }
    }
  }

  private static Candidate candidate(BackendProvider provider) {
    Availability availability;
    try {
      availability = provider.probe();
    } catch (SmolLm3Exception | IllegalStateException | LinkageError e) {
      availability =
          new Unavailable("its probe failed: " + oneLine(e), "report this to its author");
    }
    return new Candidate(
        provider.name(),
        provider.description(),
        provider.priority(),
        Optional.of(provider),
        availability);
  }

  private static List<Candidate> sort(List<Candidate> candidates) {
    return candidates.stream()
        .sorted(
            Comparator.comparingInt(Candidate::priority).reversed().thenComparing(Candidate::name))
        .toList();
  }

  private static String oneLine(Throwable error) {
    String message = error.getMessage();
    String text = message == null ? error.getClass().getSimpleName() : message;
    return text.replaceAll("\\s+", " ");
  }
}
