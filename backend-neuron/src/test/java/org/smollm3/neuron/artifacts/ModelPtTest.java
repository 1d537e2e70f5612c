package org.smollm3.neuron.artifacts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.smollm3.error.InvalidModelException;
import org.smollm3.neuron.metaneff.MetaNeffWriter;

class ModelPtTest {
  private static final String FALLBACK = "where it was exported, write each graph with save_neff";
  private static final byte[] NEFF = Samples.neff("token_generation", Samples.metaneff(1));
  private static final byte[] METANEFF = MetaNeffWriter.write(Samples.metaneff(1));

  @TempDir Path folder;

  private Path zip(String name, int method, byte[] content) {
    Path file = folder.resolve("test.pt");
    try (OutputStream out = Files.newOutputStream(file);
        ZipOutputStream zip = new ZipOutputStream(out)) {
      ZipEntry entry = new ZipEntry(name);
      entry.setMethod(method);
      CRC32 crc = new CRC32();
      crc.update(content);
      entry.setCrc(crc.getValue());
      entry.setSize(content.length);
      if (method == ZipEntry.STORED) {
        entry.setCompressedSize(content.length);
      }
      zip.putNextEntry(entry);
      zip.write(content);
      zip.closeEntry();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return file;
  }

  private ModelPt read(PickleWriter pickle) {
    return ModelPt.read(zip("model/data.pkl", ZipEntry.STORED, pickle.stop()));
  }

  private void refuses(String message, PickleWriter pickle) {
    assertThatExceptionOfType(InvalidModelException.class)
        .isThrownBy(() -> read(pickle))
        .withMessageContaining(message)
        .withMessageContaining("test.pt");
  }

  /** The pickle of a dict with one graph whose state a test writes. */
  private static PickleWriter graph(String key, Consumer<PickleWriter> state) {
    return graphAnd(key, state, p -> {});
  }

  private static PickleWriter graphAnd(
      String key, Consumer<PickleWriter> state, Consumer<PickleWriter> more) {
    PickleWriter pickle = new PickleWriter().raw('}', '(').string(key);
    pickle.neuronObject("SPMDModel");
    state.accept(pickle);
    pickle.op('b');
    more.accept(pickle);
    return pickle.op('u');
  }

  @Test
  void readsWhatPyTorchSaved() {
    ModelPt model = ModelPt.read(Samples.saved("model.pt"));

    assertThat(model.graphs().keySet()).containsExactly("context_encoding", "token_generation");
    assertThat(model.graphs().get("token_generation").metaneff()).isEqualTo(Samples.metaneff(1));
    assertThat(model.graphs().get("context_encoding").metaneff()).isEqualTo(Samples.metaneff(4));
    assertThat(model.graphs().get("context_encoding").neff().header().name())
        .isEqualTo("context_encoding");
    assertThat(model.graphs().get("token_generation").neff().integrity().name())
        .isEqualTo("INTACT");
    assertThat(model.layoutTransformation())
        .hasValueSatisfying(layout -> assertThat(layout.metaneff()).isEqualTo(Samples.layout()));
  }

  @Test
  void aLayoutTransformationMayBeAbsent() {
    ModelPt model = ModelPt.read(Samples.saved("no_loader.pt"));

    assertThat(model.layoutTransformation()).isEmpty();
    assertThat(model.graphs()).hasSize(2);
  }

  @Test
  void twoModelsOfOneGraphAreRefused() {
    assertThatExceptionOfType(InvalidModelException.class)
        .isThrownBy(() -> ModelPt.read(Samples.saved("two_buckets.pt")))
        .withMessageContaining("more than one model of the graph 'context_encoding'")
        .withMessageContaining(FALLBACK);
  }

  @Test
  void findsTheStringsWhereverTheyLieInTheState() {
    ModelPt model =
        read(
            graph(
                "token_generation",
                state ->
                    state
                        .raw('}', '(', 'K', 1, ']', '(', 'N')
                        .string(METANEFF)
                        .raw('q', 1)
                        .op('e')
                        .string("neff")
                        .string(NEFF)
                        .raw(0x85)
                        .string("again")
                        .raw('h', 1)
                        .op('u')));

    assertThat(model.graphs().get("token_generation").metaneff()).isEqualTo(Samples.metaneff(1));
  }

  @Test
  void thePickleMayBePacked() {
    byte[] pickle =
        graph("token_generation", s -> s.string(NEFF).string(METANEFF).raw(0x86)).stop();

    assertThat(ModelPt.read(zip("archive/data.pkl", ZipEntry.DEFLATED, pickle)).graphs())
        .hasSize(1);
  }

  @Test
  void notOneNeffAndOneMetaneffIsRefused() {
    refuses(
        "'token_generation' holds 0 NEFFs and 1 metaneffs",
        graph("token_generation", state -> state.string(METANEFF)));
    refuses(
        "holds 1 NEFFs and 0 metaneffs, wanted one of each (its metaneff: ",
        graph("token_generation", s -> s.string(NEFF).string(cut(METANEFF)).raw(0x86)));
    refuses(
        "holds 2 NEFFs and 1 metaneffs",
        graph(
            "token_generation",
            state ->
                state
                    .string(NEFF)
                    .string(Samples.neff("other", Samples.metaneff(1)))
                    .string(METANEFF)
                    .raw(0x87)));
    refuses(
        "holds 1 NEFFs and 2 metaneffs",
        graph(
            "token_generation",
            state ->
                state
                    .string(NEFF)
                    .string(MetaNeffWriter.write(Samples.metaneff(4)))
                    .string(METANEFF)
                    .raw(0x87)));
    refuses(FALLBACK, graph("token_generation", state -> state.op('N')));
    // a NEFF that is cut short is no NEFF
    refuses(
        "holds 0 NEFFs and 1 metaneffs",
        graph("token_generation", s -> s.string(cut(NEFF)).string(METANEFF).raw(0x86)));
  }

  private static byte[] cut(byte... bytes) {
    return Arrays.copyOf(bytes, bytes.length - 3);
  }

  @Test
  void aBrokenNeffSaysSo() {
    byte[] broken = NEFF.clone();
    broken[broken.length - 1] ^= 1;

    refuses(
        "no whole gzip stream",
        graph("token_generation", s -> s.string(broken).string(METANEFF).raw(0x86)));
  }

  @Test
  void neffAndMetaneffOfTwoGraphsAreRefused() {
    byte[] other = MetaNeffWriter.write(Samples.metaneff(4));

    refuses(
        "are not of one compilation: input0 is I32[1, 4] of 16 bytes in the metaneff, but 'int32'[1,"
            + " 1] of 4 bytes in the NEFF",
        graph("token_generation", s -> s.string(NEFF).string(other).raw(0x86)));
  }

  @Test
  void graphsWithoutAKnownNameAreRefused() {
    refuses(
        "belongs to none of [context_encoding",
        graph("something", s -> s.string(NEFF).string(METANEFF).raw(0x86)));
    refuses("holds no SPMDModel", new PickleWriter().raw(']'));
    // of another module: nothing to do with Neuron
    refuses(
        "holds no SPMDModel",
        new PickleWriter().global("mine", "SPMDModel").raw(')', 0x81, 'N', 'b'));
  }

  @Test
  void oneModelUnderTwoNamesIsRefused() {
    refuses(
        "belongs to all of [context_encoding, token_generation]",
        graphAnd(
            "token_generation",
            s -> s.string(NEFF).string(METANEFF).raw(0x86),
            p -> p.raw('q', 5).string("context_encoding").raw('h', 5)));
  }

  @Test
  void aWeightLoaderThatCannotBeReadIsRefused() {
    Consumer<PickleWriter> good = s -> s.string(NEFF).string(METANEFF).raw(0x86);
    refuses(
        "its weight_loader transforms the weights in a way that cannot be read",
        graphAnd("token_generation", good, p -> p.string("weight_loader").raw('K', 1)));
    refuses(
        "'layout_opt' holds 0 NEFFs and 0 metaneffs",
        graphAnd(
            "token_generation",
            good,
            p ->
                p.string("weight_loader")
                    .neuronObject("LayoutTransformation")
                    .string("x")
                    .op('b')));
    refuses(
        "holds 2 layout transformations",
        graphAnd(
            "token_generation",
            good,
            p -> {
              for (String name : List.of("a", "b")) {
                p.string(name).neuronObject("LayoutTransformation").raw('N', 'b');
              }
            }));
    assertThat(
            read(graphAnd("token_generation", good, p -> p.string("weight_loader").op('N')))
                .layoutTransformation())
        .isEmpty();
  }

  @Test
  void aPickleThatHoldsItselfEnds() {
    PickleWriter pickle = new PickleWriter().raw('}', 'q', 0, '(').string("token_generation");
    pickle.neuronObject("SPMDModel").raw(']', 'q', 1, '(').string(NEFF).string(METANEFF);
    pickle.raw('h', 1, 'h', 0, 'e', 'b').string("self").raw('h', 0, 'u');

    assertThat(read(pickle).graphs()).hasSize(1);
  }

  @Test
  void aDeepPickleOverflowsNoStack() {
    PickleWriter pickle = new PickleWriter().raw('}', '(').string("deep").op('N');
    for (int i = 0; i < 100_000; i++) {
      pickle.raw(0x85);
    }
    pickle.string("token_generation").neuronObject("SPMDModel");
    pickle.string(NEFF).string(METANEFF).raw(0x86, 'b', 'u');

    assertThat(read(pickle).graphs()).hasSize(1);
  }

  @Test
  void otherFilesAreRefused() throws IOException {
    Path text = Files.writeString(folder.resolve("text.pt"), "no zip at all");
    assertThatExceptionOfType(InvalidModelException.class)
        .isThrownBy(() -> ModelPt.read(text))
        .withMessageContaining("text.pt cannot be read as a zip");
    assertThatExceptionOfType(InvalidModelException.class)
        .isThrownBy(() -> ModelPt.read(folder.resolve("nix.pt")))
        .withMessageContaining("nix.pt");
    for (String name : List.of("data.pkl", "a/b/data.pkl", "model/other.pkl", "/data.pkl")) {
      assertThatExceptionOfType(InvalidModelException.class)
          .isThrownBy(() -> ModelPt.read(zip(name, ZipEntry.STORED, new byte[3])))
          .withMessageContaining("is no module saved by torch.jit.save: it has 0 files");
    }
  }

  @Test
  void aWrongChecksumIsRefused() throws IOException {
    byte[] file = Files.readAllBytes(Samples.saved("no_loader.pt"));
    int at = new String(file, StandardCharsets.ISO_8859_1).indexOf("lm_head.weight");
    file[at] ^= 1;
    Path changed = Files.write(folder.resolve("changed.pt"), file);

    assertThatExceptionOfType(InvalidModelException.class)
        .isThrownBy(() -> ModelPt.read(changed))
        .withMessageContaining("data.pkl is damaged");
  }

  @Test
  void sizesThatLieAreRefused() throws IOException {
    byte[] file = Files.readAllBytes(zip("m/data.pkl", ZipEntry.DEFLATED, new byte[100]));
    // the size in the central directory is 24 bytes behind its signature PK 1 2
    int at = new String(file, StandardCharsets.ISO_8859_1).indexOf("PK\001\002") + 24;
    file[at + 3] = 0x40;
    Path changed = Files.write(folder.resolve("changed.pt"), file);

    assertThatExceptionOfType(InvalidModelException.class)
        .isThrownBy(() -> ModelPt.read(changed))
        .withMessageContaining("bytes that it is said to have");
  }

  @Test
  void cutShortAnywhereIsRefused() throws IOException {
    byte[] file = Files.readAllBytes(Samples.saved("model.pt"));
    Path cut = folder.resolve("cut.pt");
    for (int length = 0; length < file.length; length += 101) {
      Files.write(cut, Arrays.copyOf(file, length));
      assertThatExceptionOfType(InvalidModelException.class).isThrownBy(() -> ModelPt.read(cut));
    }
  }

  @Test
  void flippedBitsAreReadOrRefused() throws IOException {
    byte[] original = Files.readAllBytes(Samples.saved("model.pt"));
    Path file = folder.resolve("flipped.pt");
    Random random = new Random(20260801);
    for (int i = 0; i < 500; i++) {
      byte[] flipped = original.clone();
      // every third time in the directory at the end
      int from = i % 3 == 0 ? flipped.length - 1600 : 0;
      int at = random.nextInt(from, flipped.length);
      flipped[at] ^= (byte) (1 << random.nextInt(8));
      Files.write(file, flipped);
      try {
        assertThat(ModelPt.read(file).graphs()).isNotEmpty();
      } catch (InvalidModelException e) {
        assertThat(e.getMessage()).contains("flipped.pt").doesNotContain("\n");
      }
    }
  }

  @Test
  void flippedBitsOfThePickleAreReadOrRefused() {
    byte[] original =
        graph("token_generation", s -> s.string(NEFF).string(METANEFF).raw(0x86)).stop();
    Random random = new Random(20260802);
    for (int i = 0; i < 500; i++) {
      byte[] flipped = original.clone();
      flipped[random.nextInt(flipped.length)] ^= (byte) (1 << random.nextInt(8));
      Path file = zip("model/data.pkl", ZipEntry.STORED, flipped);
      try {
        assertThat(ModelPt.read(file).graphs()).isNotEmpty();
      } catch (InvalidModelException e) {
        assertThat(e.getMessage()).contains("test.pt").doesNotContain("\n");
      }
    }
  }
}
