package org.smollm3.neuron.simulator;

import static java.lang.foreign.ValueLayout.ADDRESS;

import java.lang.foreign.MemorySegment;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.smollm3.error.SmolLm3Exception;
import org.smollm3.neuron.nrt.NrtFunction;
import org.smollm3.neuron.nrt.NrtStatus;
import org.smollm3.neuron.simulator.DeviceObjects.ModelObject;
import org.smollm3.neuron.simulator.DeviceObjects.SetObject;
import org.smollm3.neuron.simulator.DeviceObjects.TensorObject;
import org.smollm3.neuron.simulator.SimulatedProgram.Outcome;

/** Functions that load, run and unload. */
final class ModelCalls {
  private static final int OK = NrtStatus.SUCCESS.code();
  private static final String ROOT_COMM_ID = "NEURON_RT_ROOT_COMM_ID";

  private final ProcessState state;
  private final SimulatedEnvironment environment;
  private final SimulatedCluster cluster;
  private final ProgramLoader loader;

  /** Programs that are loaded at present, by the digest of their bytes. */
  private final Map<String, Shared> programs = new HashMap<>();

  private static final class Shared {
    final SimulatedProgram program;
    int users;

    Shared(SimulatedProgram program) {
      this.program = program;
    }
  }

  ModelCalls(
      ProcessState state,
      SimulatedEnvironment environment,
      SimulatedCluster cluster,
      ProgramLoader loader) {
    this.state = state;
    this.environment = environment;
    this.cluster = cluster;
    this.loader = loader;
  }

  void addTo(Stubs stubs) {
    stubs.add(NrtFunction.NRT_LOAD, this::load);
    stubs.add(NrtFunction.NRT_LOAD_COLLECTIVES, this::loadCollectives);
    stubs.add(NrtFunction.NRT_UNLOAD, this::unload);
    stubs.add(NrtFunction.NRT_EXECUTE, this::execute);
    stubs.add(NrtFunction.NRT_BUILD_GLOBAL_COMM, this::buildGlobalComm);
    stubs.add(NrtFunction.NRT_BARRIER, this::barrier);
  }

  private Object load(Arguments arguments) {
    int core = requireCore(arguments.integer(2), arguments.integer(3));
    load(NrtFunction.NRT_LOAD, arguments, core, core, 1, arguments.buffer(4, ADDRESS.byteSize()));
    return OK;
  }

  private Object loadCollectives(Arguments arguments) {
    int core = requireCore(arguments.integer(2), arguments.integer(3));
    int rank = arguments.integer(4);
    int world = arguments.integer(5);
    requireInWorld(rank, world);
    MemorySegment out = arguments.buffer(6, ADDRESS.byteSize());
    load(NrtFunction.NRT_LOAD_COLLECTIVES, arguments, core, rank, world, out);
    return OK;
  }

  private int requireCore(int core, int count) {
    state.requireOpen();
    if (count != -1 && count != 1) {
      throw new StatusException(NrtStatus.INVALID, "vnc_count is " + count);
    }
    return state.requireCore(core, NrtStatus.LOAD_NOT_ENOUGH_NC);
  }

  private static void requireInWorld(int rank, int world) {
    if (rank < 0 || rank >= world) {
      throw new StatusException(NrtStatus.INVALID, "rank " + rank + " of a world of " + world);
    }
  }

  private void load(
      NrtFunction function, Arguments arguments, int core, int rank, int world, MemorySegment out) {
    MemorySegment neff = arguments.buffer(0, arguments.size(1)).asReadOnly();
    String digest = digest(neff);
    state.suffer(function, rank);
    SimulatedProgram program = acquire(digest, neff);
    boolean reserved = false;
    Optional<Communicator> communicator = Optional.empty();
    try {
      requireFits(program, world);
      state.reserve(core, program.deviceBytes());
      reserved = true;
      if (world > 1) {
        communicator = Optional.of(cluster.join(rootCommId(), world));
        if (state.device().loadMode() == LoadMode.WITH_ALL_RANKS) {
          communicator.get().awaitLoads(rank, state::isReleased);
        }
      }
      ModelObject model = new ModelObject(digest, program, core, rank, communicator);
      out.set(ADDRESS, 0, state.add(model));
    } catch (StatusException e) {
      communicator.ifPresent(cluster::leave);
      if (reserved) {
        state.unreserve(core, program.deviceBytes());
      }
      release(digest);
      throw e;
    }
  }

  private String rootCommId() {
    return environment
        .get(ROOT_COMM_ID)
        .orElseThrow(() -> new StatusException(NrtStatus.INVALID, ROOT_COMM_ID + " is not set"));
  }

  private void requireFits(SimulatedProgram program, int world) {
    if (program.virtualCoreSize() != state.virtualCoreSize()) {
      throw new StatusException(
          NrtStatus.INVALID,
          "the NEFF is for logical cores of "
              + program.virtualCoreSize()
              + ", these are of "
              + state.virtualCoreSize());
    }
    if (!program.runsOn(world)) {
      throw new StatusException(NrtStatus.INVALID, "the NEFF does not run on " + world + " ranks");
    }
  }

  private SimulatedProgram acquire(String digest, MemorySegment neff) {
    synchronized (programs) {
      Shared shared = programs.get(digest);
      if (shared == null) {
        shared = new Shared(read(neff));
        programs.put(digest, shared);
      }
      shared.users++;
      return shared.program;
    }
  }

  private SimulatedProgram read(MemorySegment neff) {
    try {
      return loader.load(neff);
    } catch (SmolLm3Exception e) {
      throw new StatusException(NrtStatus.INVALID, e.getMessage());
    }
  }

  private void release(String digest) {
    synchronized (programs) {
      Shared shared = programs.get(digest);
      if (shared != null && --shared.users == 0) {
        programs.remove(digest);
      }
    }
  }

  private Object unload(Arguments arguments) {
    state.requireOpen();
    ModelObject model = state.get(arguments.address(0), ModelObject.class);
    if (model.runs > 0) {
      state.noteMisuse("nrt_unload of a model that runs");
      throw new StatusException(NrtStatus.EXEC_NC_BUSY, "the model runs");
    }
    state.remove(arguments.address(0), ModelObject.class);
    state.unreserve(model.core, model.program.deviceBytes());
    model.communicator.ifPresent(cluster::leave);
    release(model.digest);
    return OK;
  }

  private Object execute(Arguments arguments) {
    state.requireOpen();
    ModelObject model = state.get(arguments.address(0), ModelObject.class);
    List<TensorObject> inputs = tensors(model, model.program.inputs(), arguments.address(1));
    List<TensorObject> outputs = tensors(model, model.program.outputs(), arguments.address(2));
    List<TensorObject> all = new ArrayList<>(inputs);
    all.addAll(outputs);
    state.beginRun(model, all);
    try {
      state.suffer(NrtFunction.NRT_EXECUTE, model.rank);
      Outcome outcome = run(model, memory(inputs), memory(outputs));
      return outcome == Outcome.COMPLETED ? OK : NrtStatus.EXEC_COMPLETED_WITH_NUM_ERR.code();
    } finally {
      state.endRun(model, all);
    }
  }

  private Outcome run(ModelObject model, List<MemorySegment> inputs, List<MemorySegment> outputs) {
    if (model.communicator.isEmpty()) {
      return Programs.run(model.program, List.of(inputs), List.of(outputs));
    }
    Communicator.Visit visit =
        new Communicator.Visit(model.rank, model.digest, model.program, inputs, outputs);
    return model.communicator.get().meet(visit, state.execTimeout());
  }

  private static List<MemorySegment> memory(List<TensorObject> tensors) {
    return tensors.stream().map(tensor -> tensor.memory).toList();
  }

  private List<TensorObject> tensors(ModelObject model, List<Io> wanted, MemorySegment handle) {
    SetObject set = state.get(handle, SetObject.class);
    List<TensorObject> found = new ArrayList<>();
    for (Io io : wanted) {
      found.add(tensor(model, io, set));
    }
    return found;
  }

  private TensorObject tensor(ModelObject model, Io io, SetObject set) {
    Long handle;
    synchronized (set.tensors) {
      handle = set.tensors.get(io.name());
    }
    if (handle == null) {
      throw new StatusException(NrtStatus.INVALID, "no tensor '" + io.name() + "' in the set");
    }
    TensorObject tensor = state.get(MemorySegment.ofAddress(handle), TensorObject.class);
    if (tensor.memory.byteSize() != io.bytes()) {
      throw new StatusException(
          NrtStatus.INVALID,
          "tensor '"
              + io.name()
              + "' has "
              + tensor.memory.byteSize()
              + " bytes, the model takes "
              + io.bytes());
    }
    if (tensor.core != model.core) {
      throw new StatusException(
          NrtStatus.INVALID,
          "tensor '" + io.name() + "' is on core " + tensor.core + ", the model on " + model.core);
    }
    return tensor;
  }

  private Object buildGlobalComm(Arguments arguments) {
    requireCore(arguments.integer(0), -1);
    requireInWorld(arguments.integer(1), arguments.integer(2));
    return OK;
  }

  private Object barrier(Arguments arguments) {
    requireCore(arguments.integer(0), -1);
    int rank = arguments.integer(1);
    int world = arguments.integer(2);
    requireInWorld(rank, world);
    Communicator communicator = cluster.join(rootCommId() + "/barrier", world);
    try {
      Communicator.Visit visit =
          new Communicator.Visit(rank, "barrier", new Nothing(), List.of(), List.of());
      communicator.meet(visit, state.execTimeout());
      return OK;
    } finally {
      cluster.leave(communicator);
    }
  }

  /** What ranks do that only wait for each other. */
  private static final class Nothing implements SimulatedProgram {
    @Override
    public List<Io> inputs() {
      return List.of();
    }

    @Override
    public List<Io> outputs() {
      return List.of();
    }

    @Override
    public Outcome run(List<List<MemorySegment>> inputs, List<List<MemorySegment>> outputs) {
      return Outcome.COMPLETED;
    }
  }

  private static String digest(MemorySegment neff) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(neff.asByteBuffer());
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
