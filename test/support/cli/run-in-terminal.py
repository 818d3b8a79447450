"""Runs a program in a pseudo-terminal: `run-in-terminal.py COLUMNS [--answer PROMPT TEXT]... -- PROGRAM ARGS...`; writes what the terminal saw, ends with the program's status."""
import fcntl, os, pty, select, struct, sys, termios, time

columns = int(sys.argv[1])
split = sys.argv.index("--")
options = sys.argv[2:split]
answers = [(options[i + 1].encode(), options[i + 2].encode()) for i in range(0, len(options), 3)]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[split + 1], sys.argv[split + 1 :])
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
seen = b""
asked = 0
deadline = time.monotonic() + 50
while time.monotonic() < deadline:
    ready, _, _ = select.select([terminal], [], [], 1)
    if not ready:
        continue
    try:
        chunk = os.read(terminal, 65536)
    except OSError:
        break
    if not chunk:
        break
    seen += chunk
    if answers and answers[0][0] in seen[asked:]:
        asked = len(seen)
        os.write(terminal, answers.pop(0)[1] + b"\r")
sys.stdout.buffer.write(seen)
sys.stdout.flush()
_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status))
