package org.smollm3.spi;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.stream.Collectors;
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
   * The backend that {@link #choose} would open, and why it.
   *
   * @param reason one line: what was selected, why, and why every other was passed over
   */
  public record Selection(String name, String reason) {}

  /**
   * An opened backend, and why it.
   *
   * @param reason one line: what was chosen, why, and why every other was passed over
   */
  public record Choice(Backend backend, String reason) {}

  private Backends(List<Candidate> candidates, Map<String, String> environment, String property) {
    this.candidates = candidates;
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
    Choice choice = discover().choose(BackendOptions.defaults());
    LOG.log(System.Logger.Level.INFO, choice.reason());
    return choice.backend();
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
    return open(usable(name), options);
  }

  /**
   * Opens the configured backend, or the best available one; what is done with the reason is the
   * caller's choice.
   *
   * @throws BackendException if the configured one cannot be had, or none is available
   */
  public Choice choose(BackendOptions options) {
    Selection selection = select();
    return new Choice(open(usable(selection.name()), options), selection.reason());
  }

  /**
   * What {@link #choose} would open, without opening it.
   *
   * @throws BackendException if the configured one cannot be had, or none is available
   */
  public Selection select() {
    if (configured.isPresent()) {
      Candidate candidate = usable(configured.get());
      return new Selection(
          candidate.name(),
          String.format("backend '%s' chosen by %s", candidate.name(), configuredBy));
    }
    for (Candidate candidate : candidates) {
      if (candidate.availability() instanceof Available available) {
        return new Selection(candidate.name(), reason(candidate, available));
      }
    }
    throw new BackendException(
        candidates.isEmpty()
            ? "no backend found; put smollm3-reference-cpu on the class path or module path"
            : "no backend is available: "
                + candidates.stream().map(Backends::standing).collect(Collectors.joining("; ")));
  }

  private String reason(Candidate chosen, Available available) {
    StringBuilder reason = new StringBuilder();
    reason.append(
        String.format(
            "backend '%s' (%s) chosen: available with the highest priority, %d",
            chosen.name(), available.details(), chosen.priority()));
    for (Candidate other : candidates) {
      if (!other.equals(chosen)) {
        reason.append("; ").append(standing(other));
      }
    }
    return reason.toString();
  }

  private static String standing(Candidate candidate) {
    return switch (candidate.availability()) {
      case Available available -> "'" + candidate.name() + "' has priority " + candidate.priority();
      case Unavailable unavailable ->
          "'" + candidate.name() + "' is unavailable: " + explain(unavailable);
    };
  }

  private Candidate usable(String name) {
    Candidate candidate = find(name);
    if (candidate.availability() instanceof Unavailable unavailable) {
      throw new BackendException(
          "backend '" + candidate.name() + "' is unavailable: " + explain(unavailable));
    }
    return candidate;
  }

  private Candidate find(String name) {
    for (Candidate candidate : candidates) {
      if (candidate.name().equals(name.toLowerCase(Locale.ROOT))) {
        return candidate;
      }
    }
    throw new BackendException(
        "unknown backend '"
            + oneLine(name)
            + "'; there are: "
            + (candidates.isEmpty()
                ? "none"
                : String.join(", ", candidates.stream().map(Candidate::name).toList())));
  }

  private static Backend open(Candidate candidate, BackendOptions options) {
    try {
      return candidate.provider().orElseThrow().open(options);
    } catch (SmolLm3Exception e) {
      throw e;
    } catch (RuntimeException | LinkageError e) {
      throw new BackendException(
          "backend '" + candidate.name() + "' failed to open: " + oneLine(e), e);
    }
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
            broken(
                "(unloadable provider " + (found.size() + 1) + ")",
                Optional.empty(),
                new Unavailable(oneLine(e), "fix or remove the provider's jar")));
      }
    }
  }

  private static Candidate candidate(BackendProvider provider) {
    try {
      return new Candidate(
          provider.name(),
          provider.description(),
          provider.priority(),
          Optional.of(provider),
          probe(provider));
    } catch (RuntimeException | LinkageError e) {
      return broken(
          "(" + provider.getClass().getName() + ")",
          Optional.of(provider),
          new Unavailable(
              "it cannot say what it is: " + oneLine(e), "report this to the author of the class"));
    }
  }

  private static Availability probe(BackendProvider provider) {
    try {
      // A provider may have been compiled without null checks.
      return Objects.requireNonNull(provider.probe(), "it returned null");
    } catch (RuntimeException | LinkageError e) {
      return new Unavailable("its probe failed: " + oneLine(e), "report this to its author");
    }
  }

  private static Candidate broken(
      String name, Optional<BackendProvider> provider, Unavailable unavailable) {
    return new Candidate(
        name, "a provider that could not be loaded", Integer.MIN_VALUE, provider, unavailable);
  }

  /**
   * Highest priority first, equal ones by name. Of several with one name the first is kept and the
   * others are unavailable: which of them a name opens must not depend on the order of jars.
   */
  private static List<Candidate> sort(List<Candidate> candidates) {
    List<Candidate> sorted =
        candidates.stream()
            .sorted(
                Comparator.comparingInt(Candidate::priority)
                    .reversed()
                    .thenComparing(Candidate::name)
                    .thenComparing(Backends::className))
            .toList();
    Map<String, Candidate> byName = new HashMap<>();
    List<Candidate> result = new ArrayList<>();
    for (Candidate candidate : sorted) {
      Candidate first = byName.putIfAbsent(candidate.name(), candidate);
      result.add(first == null ? candidate : hidden(candidate, first));
    }
    return List.copyOf(result);
  }

  private static Candidate hidden(Candidate candidate, Candidate first) {
    return new Candidate(
        candidate.name(),
        candidate.description(),
        candidate.priority(),
        candidate.provider(),
        new Unavailable(
            "the name is taken by " + className(first) + ", this one is " + className(candidate),
            "remove one of the two"));
  }

  private static String className(Candidate candidate) {
    return candidate.provider().map(provider -> provider.getClass().getName()).orElse("");
  }

  private static String oneLine(Throwable error) {
    String message = error.getMessage();
    return oneLine(message == null ? error.getClass().getSimpleName() : message);
  }

  private static String oneLine(String text) {
    return text.replaceAll("[\\s\\p{Cntrl}]+", " ");
  }
}
