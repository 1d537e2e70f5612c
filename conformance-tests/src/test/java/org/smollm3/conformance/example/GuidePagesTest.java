package org.smollm3.conformance.example;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

/** The pages for authors of backends, against what they tell of. */
class GuidePagesTest {
  private static final Path ROOT =
      Path.of(Objects.requireNonNull(System.getProperty("smollm3.root")));
  private static final Path DOCS = ROOT.resolve("docs");
  private static final Path EXAMPLE =
      ROOT.resolve("conformance-tests/src/test/java/org/smollm3/conformance/example/backend");

  @Test
  void everyPieceOfJavaIsInTheExample() throws IOException {
    List<String> pieces =
        found("(?s)```java(.*?)```", "test-your-backend.md")
            .map(piece -> withoutBlanks(piece.group(1)))
            .toList();
    List<String> sources;
    try (Stream<Path> files = Files.list(EXAMPLE)) {
      sources = files.map(GuidePagesTest::read).map(GuidePagesTest::withoutBlanks).toList();
    }

    assertThat(pieces)
        .hasSizeGreaterThan(5)
        .allSatisfy(piece -> assertThat(sources).anyMatch(source -> source.contains(piece)));
  }

  @Test
  void everyArtifactHasTheVersionOfThisBuild() throws IOException {
    String pom = withoutBlanks(Files.readString(ROOT.resolve("pom.xml")));

    assertThat(found("<version>(.*?)</version>", "test-your-backend.md"))
        .isNotEmpty()
        .allSatisfy(
            version ->
                assertThat(pom)
                    .contains(
                        "<artifactId>smollm3-parent</artifactId><version>"
                            + version.group(1)
                            + "</version>"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"test-your-backend.md", "sweep.md"})
  void everyLinkLeadsSomewhere(String page) throws IOException {
    assertThat(found("\\]\\(([^)#]+)\\)", page))
        .isNotEmpty()
        .allSatisfy(link -> assertThat(DOCS.resolve(link.group(1))).exists());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"aws-batch-definition.json", "aws-batch-array.json", "aws-batch-merge.json"})
  void manifestsAreJson(String file) {
    assertThat(JsonMapper.builder().build().readTree(read(DOCS.resolve("sweep").resolve(file))))
        .isNotEmpty();
  }

  private static Stream<MatchResult> found(String pattern, String page) throws IOException {
    return Pattern.compile(pattern).matcher(Files.readString(DOCS.resolve(page))).results();
  }

  private static String withoutBlanks(String text) {
    return text.replaceAll("\\s+", "");
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
