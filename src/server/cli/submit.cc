// sluice submit, sluice pyspark: a Python program beside an engine of its own.
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <thread>

#include "launcher_python.h"  // the texts of src/server/cli/python, generated
#include "server/cli/commands.h"
#include "server/connect/server.h"

namespace sluice::cli {

namespace {

namespace fs = std::filesystem;

struct KnownPackage {
  std::string_view group, artifact;  // `artifact` without its Scala and Spark versions
};
constexpr KnownPackage kBuiltIn[] = {
    {"org.apache.spark", "spark-sql-kafka-0-10"},
    {"org.apache.spark", "spark-streaming-kafka-0-10"},
    {"org.apache.spark", "spark-token-provider-kafka-0-10"},
    {"org.apache.kafka", "kafka-clients"},
    {"org.apache.iceberg", "iceberg-spark-runtime"},
    {"org.apache.iceberg", "iceberg-aws-bundle"},
    {"org.apache.iceberg", "iceberg-aws"},
    {"org.apache.hadoop", "hadoop-aws"},
    {"org.apache.spark", "spark-connect"},
};

/// group:artifact:version of what the engine has anyway.
bool IsBuiltIn(const std::string& coordinate) {
  const size_t colon = coordinate.find(':');
  if (colon == std::string::npos) return false;
  const std::string group = coordinate.substr(0, colon);
  const std::string artifact = coordinate.substr(colon + 1, coordinate.find(':', colon + 1) - colon - 1);
  for (const auto& known : kBuiltIn) {
    if (group != known.group || artifact.compare(0, known.artifact.size(), known.artifact) != 0) continue;
    const std::string rest = artifact.substr(known.artifact.size());
    if (rest.empty() || rest[0] == '_' ||
        (rest[0] == '-' && rest.size() > 1 && std::isdigit(static_cast<unsigned char>(rest[1]))))
      return true;
  }
  return false;
}

std::vector<std::string> SplitComma(const std::string& text) {
  std::vector<std::string> out;
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find(',', start), text.size());
    if (end > start) out.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return out;
}

Status CheckPackages(const std::string& packages) {
  for (const auto& coordinate : SplitComma(packages)) {
    if (!IsBuiltIn(coordinate))
      return UnsupportedFeature("the package " + coordinate + ": connectors are built in, others cannot be loaded");
    std::cerr << "sluice: " << coordinate << " is built in\n";
  }
  return Status::OK();
}

/// A folder with the launcher's Python files, gone with this object.
class PythonFolder {
 public:
  PythonFolder() {
    std::string path = (fs::temp_directory_path() / "sluice-python-XXXXXX").string();
    if (!::mkdtemp(path.data()))
      Throw(Status::IOError("Cannot make a folder under ", fs::temp_directory_path().string(), "."));
    path_ = path;
    std::ofstream(path_ / "sitecustomize.py") << kSitecustomizePython;
    std::ofstream(path_ / "shell.py") << kShellPython;
  }
  ~PythonFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  PythonFolder(const PythonFolder&) = delete;
  PythonFolder& operator=(const PythonFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::string Environment(const char* name, const std::string& otherwise = "") {
  const char* value = std::getenv(name);
  return value && *value ? value : otherwise;
}

sigset_t ForwardedSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  return signals;
}

/// Starts a program that does not outlive this process, however that ends. Called by the main thread, whose end is what
/// the kernel goes by.
Result<pid_t> Spawn(const std::vector<std::string>& command, const sigset_t& to_default) {
  std::vector<char*> argv;
  for (const auto& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  int told[2];  // of a failed exec
  if (::pipe2(told, O_CLOEXEC) != 0) return Status::IOError("Cannot make a pipe: ", std::strerror(errno));
  const pid_t parent = ::getpid(), child = ::fork();
  if (child == 0) {
    // Only what is safe beside threads that are gone.
    for (int signal = 1; signal < NSIG; ++signal)
      if (sigismember(&to_default, signal) == 1) ::signal(signal, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() == parent) ::execvp(argv[0], argv.data());
    const int error = errno;
    (void)!::write(told[1], &error, sizeof(error));
    ::_exit(127);
  }
  int error = child < 0 ? errno : 0;
  ::close(told[1]);
  if (child > 0 && ::read(told[0], &error, sizeof(error)) == sizeof(error)) ::waitpid(child, nullptr, 0);
  ::close(told[0]);
  if (error == 0) return child;
  return Status::IOError("Cannot run ", command[0], ": ", std::strerror(error),
                         ". PYSPARK_PYTHON names the Python to use.");
}

/// Runs the program to its end and gives its exit code. A signal first lets running batches finish, and goes on to the
/// program when it did not get it from the terminal itself; a second one ends everything at once.
int RunProgram(const std::vector<std::string>& command, connect::Server* server) {
  const sigset_t signals = ForwardedSignals();
  const pid_t child = ValueOrThrow(Spawn(command, signals));
  std::thread([signals, child, server] {
    siginfo_t info;
    for (int count = 1; ::sigwaitinfo(&signals, &info) > 0; ++count) {
      if (count > 1) {
        ::kill(child, SIGKILL);
        std::_Exit(128 + info.si_signo);
      }
      std::thread([server, child, info] {
        if (server) server->FinishStreams();
        if (info.si_code != SI_KERNEL) ::kill(child, info.si_signo);
      }).detach();
    }
  }).detach();
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int RunBesideEngine(const SubmitRequest& request, const std::vector<std::string>& command, const PythonFolder& python) {
  std::unique_ptr<connect::Server> server;
  std::string remote = request.remote;
  if (remote.empty()) {
    // Before any thread starts, so that only the one that waits for them takes signals.
    const sigset_t signals = ForwardedSignals();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::map<std::string, std::string> overrides{{"spark.connect.grpc.binding.port", "0"},
                                                 {"spark.connect.grpc.binding.address", "127.0.0.1"}};
    if (!request.name.empty()) overrides["spark.app.name"] = request.name;
    server = ValueOrThrow(connect::Server::Start(ValueOrThrow(ServerSettingsOf(request.settings, overrides))));
    remote = server->url();
  }
  ::setenv("SPARK_REMOTE", remote.c_str(), 1);
  ::setenv("SLUICE_REMOTE", remote.c_str(), 1);
  ::unsetenv("MASTER");
  std::string path = python.path().string();
  for (const auto& file : SplitComma(request.py_files)) path += ":" + fs::absolute(file).string();
  if (std::string inherited = Environment("PYTHONPATH"); !inherited.empty()) path += ":" + inherited;
  ::setenv("PYTHONPATH", path.c_str(), 1);
  const int code = RunProgram(command, server.get());
  if (server) {
    server->FinishStreams();
    server->Stop();
  }
  return code;
}

std::string Python() { return Environment("PYSPARK_DRIVER_PYTHON", Environment("PYSPARK_PYTHON", "python3")); }

}  // namespace

int RunSubmit(const SubmitRequest& request) {
  try {
    ThrowIfError(CheckPackages(request.packages));
    if (request.program.empty() || request.program[0][0] == '-') {
      std::cerr << "sluice: " << (request.program.empty() ? "no script to run" : "unknown option " + request.program[0])
                << "\n";
      return 2;
    }
    if (!request.without_effect.empty())
      std::cerr << "sluice: the engine is one process, " << request.without_effect << " has no effect\n";
    PythonFolder python;
    std::vector<std::string> command{Python()};
    command.insert(command.end(), request.program.begin(), request.program.end());
    return RunBesideEngine(request, command, python);
  } catch (const Error& error) {
    PrintError(error, "", std::cerr);
    return 1;
  }
}

int RunPyspark(const SubmitRequest& request) {
  try {
    ThrowIfError(CheckPackages(request.packages));
    PythonFolder python;
    ::setenv("SLUICE_PYTHONSTARTUP", Environment("PYTHONSTARTUP").c_str(), 1);
    ::setenv("PYTHONSTARTUP", (python.path() / "shell.py").c_str(), 1);
    std::vector<std::string> command{Python()};
    command.insert(command.end(), request.program.begin(), request.program.end());
    // `python -i` reads the start-up file from a pipe too, where a plain `python` would not.
    if (request.program.empty() && Environment("PYSPARK_DRIVER_PYTHON").empty()) command.push_back("-i");
    return RunBesideEngine(request, command, python);
  } catch (const Error& error) {
    PrintError(error, "", std::cerr);
    return 1;
  }
}

}  // namespace sluice::cli
