package org.smollm3.neuron.compiled;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import org.smollm3.error.BackendException;
import org.smollm3.neuron.compiler.CompileCache;
import org.smollm3.neuron.compiler.CompileListener;
import org.smollm3.neuron.compiler.CompilerOptions;
import org.smollm3.neuron.compiler.NeuronCompiler;
import org.smollm3.neuron.hlo.HloModuleWriter;
import org.smollm3.neuron.neff.Neff;
import org.smollm3.neuron.trace.TracedGraph;

/** NEFFs by neuronx-cc, kept in its cache. */
public final class CompilerNeffs implements NeffMaker {
  private final NeuronCompiler compiler;
  private final CompileCache cache;
  private final CompilerOptions options;

  public CompilerNeffs(NeuronCompiler compiler, CompileCache cache, CompilerOptions options) {
    this.compiler = compiler;
    this.cache = cache;
    this.options = options;
  }

  @Override
  public String description() {
    return "NEFFs by neuronx-cc "
        + compiler.version()
        + " for "
        + options.target().flag()
        + " (--lnc="
        + options.logicalCores()
        + ")";
  }

  /** What runs. */
  public NeuronCompiler compiler() {
    return compiler;
  }

  @Override
  public int virtualCoreSize() {
    return options.logicalCores();
  }

  @Override
  public Neff make(TracedGraph graph, CompileListener listener) {
    byte[] module = HloModuleWriter.write(graph.module());
    Path file;
    try {
      file = cache.compile(compiler, module, options, listener).neff();
    } catch (BackendException e) {
      throw new BackendException("graph '" + graph.name() + "': " + e.getMessage(), e);
    }
    return Neff.read(map(file), file.toString());
  }

  /** A mapping that lives as long as anything refers to it: a load may outlive its caller. */
  private static MemorySegment map(Path file) {
    try (FileChannel channel = FileChannel.open(file)) {
      return channel.map(MapMode.READ_ONLY, 0, channel.size(), Arena.ofAuto());
    } catch (IOException e) {
      throw new BackendException("cannot read the compiled graph " + file, e);
    }
  }
}
