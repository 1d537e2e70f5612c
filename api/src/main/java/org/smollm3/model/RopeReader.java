package org.smollm3.model;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import org.smollm3.attention.RopeParameters;
import org.smollm3.json.JsonFields;

/**
 * The rotary part of {@code config.json}: {@code rope_theta} and {@code rope_scaling} of
 * transformers 4, {@code rope_parameters} of transformers 5; both may be there if they agree.
 * Defaults are those of transformers' {@code modeling_rope_utils.py}.
 */
final class RopeReader {
  private static final Set<String> COMMON =
      Set.of("rope_theta", "rope_type", "type", "partial_rotary_factor");

  private final JsonFields config;
  private final int maxPositions;

  private RopeReader(JsonFields config, int maxPositions) {
    this.config = config;
    this.maxPositions = maxPositions;
  }

  static RopeParameters read(JsonFields config, int maxPositions) {
    return new RopeReader(config, maxPositions).read();
  }

  private RopeParameters read() {
    Optional<JsonFields> scaling = config.object("rope_scaling");
    Optional<JsonFields> parameters = config.object("rope_parameters");
    double theta = theta(scaling, parameters);
    Optional<RopeParameters> four = scaling.map(fields -> kind(fields, theta));
    Optional<RopeParameters> five = parameters.map(fields -> kind(fields, theta));
    if (four.isPresent() && five.isPresent() && !four.equals(five)) {
      throw config.error("rope_scaling", "which contradicts rope_parameters");
    }
    return five.or(() -> four).orElse(new RopeParameters.Default(theta));
  }

  private double theta(Optional<JsonFields> scaling, Optional<JsonFields> parameters) {
    OptionalDouble found = OptionalDouble.empty();
    for (Optional<JsonFields> owner : List.of(Optional.of(config), scaling, parameters)) {
      if (owner.isEmpty()) {
        continue;
      }
      OptionalDouble given = owner.get().optionalNumber("rope_theta");
      if (given.isPresent() && !(given.getAsDouble() > 1)) {
        throw owner.get().error("rope_theta", "wanted a number above 1");
      }
      if (given.isPresent() && found.isPresent() && given.getAsDouble() != found.getAsDouble()) {
        throw owner.get().error("rope_theta", "but elsewhere it is " + found.getAsDouble());
      }
      found = given.isPresent() ? given : found;
    }
    return found.orElseThrow(
        () ->
            config.error("has no rope_theta (alone or in rope_parameters), which has to be given"));
  }

  private RopeParameters kind(JsonFields fields, double theta) {
    String type = type(fields);
    if (fields.optionalNumber("partial_rotary_factor").orElse(1) != 1) {
      throw fields.error("partial_rotary_factor", "only 1 can be computed");
    }
    return switch (type) {
      case "default" -> {
        allow(fields, type);
        yield new RopeParameters.Default(theta);
      }
      case "linear" -> {
        allow(fields, type, "factor");
        yield new RopeParameters.Linear(theta, factor(fields));
      }
      case "llama3" -> llama3(fields, theta);
      case "yarn" -> yarn(fields, theta);
      default ->
          throw fields.error(
              fields.has("rope_type") ? "rope_type" : "type",
              "only 'default', 'linear', 'llama3' and 'yarn' can be computed");
    };
  }

  private static String type(JsonFields fields) {
    Optional<String> ropeType = fields.optionalString("rope_type");
    Optional<String> type = fields.optionalString("type");
    if (ropeType.isPresent() && type.isPresent() && !ropeType.equals(type)) {
      throw fields.error("rope_type", "but type is '" + type.get() + "'");
    }
    return ropeType.or(() -> type).orElseThrow(() -> fields.missing("rope_type"));
  }

  private RopeParameters llama3(JsonFields fields, double theta) {
    allow(
        fields,
        "llama3",
        "factor",
        "low_freq_factor",
        "high_freq_factor",
        "original_max_position_embeddings");
    double low =
        positive(fields, "low_freq_factor").orElseThrow(() -> fields.missing("low_freq_factor"));
    double high =
        positive(fields, "high_freq_factor").orElseThrow(() -> fields.missing("high_freq_factor"));
    if (high <= low) {
      throw fields.error("high_freq_factor", "wanted more than low_freq_factor " + low);
    }
    return new RopeParameters.Llama3(
        theta,
        factor(fields),
        low,
        high,
        fields.requiredInt("original_max_position_embeddings", 1));
  }

  private RopeParameters yarn(JsonFields fields, double theta) {
    allow(
        fields,
        "yarn",
        "factor",
        "original_max_position_embeddings",
        "beta_fast",
        "beta_slow",
        "attention_factor",
        "mscale",
        "mscale_all_dim",
        "truncate");
    double fast = positive(fields, "beta_fast").orElse(32);
    double slow = positive(fields, "beta_slow").orElse(1);
    if (fast <= slow) {
      throw fields.error(
          fields.has("beta_fast") ? "beta_fast" : "beta_slow",
          fields.has("beta_fast")
              ? "wanted more than beta_slow " + slow
              : "wanted less than beta_fast " + fast);
    }
    return new RopeParameters.Yarn(
        theta,
        factor(fields),
        fields.optionalInt("original_max_position_embeddings", 1).orElse(maxPositions),
        fast,
        slow,
        positive(fields, "attention_factor"),
        boxed(positive(fields, "mscale")),
        boxed(positive(fields, "mscale_all_dim")),
        fields.optionalBoolean("truncate").orElse(true));
  }

  private static Optional<Double> boxed(OptionalDouble value) {
    return value.isPresent() ? Optional.of(value.getAsDouble()) : Optional.empty();
  }

  private static double factor(JsonFields fields) {
    double factor = fields.requiredNumber("factor");
    if (factor < 1) {
      throw fields.error("factor", "wanted at least 1");
    }
    return factor;
  }

  private static OptionalDouble positive(JsonFields fields, String name) {
    OptionalDouble value = fields.optionalNumber(name);
    if (value.isPresent() && !(value.getAsDouble() > 0)) {
      throw fields.error(name, "wanted a positive number");
    }
    return value;
  }

  private static void allow(JsonFields fields, String type, String... own) {
    Set<String> allowed = new HashSet<>(COMMON);
    allowed.addAll(List.of(own));
    fields.allowOnly(allowed, "rope_type '" + type + "'");
  }
}
