"""What bash, zsh and fish offer for a command line that is not finished: asked of the shells themselves, each with the
script that sessctl prints for it. A line is the words behind "sessctl"; the last one is completed. Of each line the answer
is the words that are offered, with what is said about them (bash says nothing); behind --store= that is the argument."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

MARK = "=== "


def program():
    build = pathlib.Path(os.environ.get("SESS_BUILD", pathlib.Path(__file__).resolve().parents[2] / "build"))
    return build.resolve() / "bin" / "sessctl"


def quoted(word):
    return "'" + word.replace("'", "'\\''") + "'"


class Shell:
    """Runs in a folder with a home of its own, and finds sessctl by PATH."""

    name = None

    def __init__(self, environment=None):
        self.folder = tempfile.TemporaryDirectory()
        home = pathlib.Path(self.folder.name) / "home"
        home.mkdir()
        self.script = pathlib.Path(self.folder.name) / "script"
        self.script.write_text(self.printed())
        self.environment = {"HOME": str(home), "PATH": f"{program().parent}:{os.environ['PATH']}", "TERM": "dumb",
                            "LC_ALL": "C.UTF-8", **(environment or {})}

    def close(self):
        self.folder.cleanup()

    @classmethod
    def or_skip(cls):
        if shutil.which(cls.name) is None:
            raise unittest.SkipTest(f"{cls.name} is missing: scripts/install-deps test")

    @classmethod
    def printed(cls):
        return subprocess.run([program(), "completion", cls.name], check=True, capture_output=True, text=True).stdout

    def offered(self, *words):
        return self.all_offered([words])[0]

    def all_offered(self, lines):
        """In one shell, because starting one takes long."""
        out = self.answers([["sessctl", *line] for line in lines])
        answers = [part.splitlines()[1:] for part in ("\n" + out).split("\n" + MARK)[1:]]
        assert len(answers) == len(lines), f"{self.name} answered {len(answers)} of {len(lines)} lines: {out}"
        return [self.words_of(answer) for answer in answers]

    @staticmethod
    def words_of(answer):
        found = {}
        for line in answer:
            word, _, summary = line.partition("\t")
            # fish offers all of --store=DIR, the others what follows the sign.
            word = re.sub(r"^--[a-z-]+=", "", word)
            if word.strip():
                found[word] = summary
        return found

    def run(self, command, script, **options):
        finished = subprocess.run([*command, script], capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL,
                                  env=self.environment, cwd=self.environment["HOME"], **options)
        assert finished.returncode == 0 and not finished.stderr, f"{self.name}: {finished.stdout}{finished.stderr}"
        return finished.stdout


class Bash(Shell):
    name = "bash"

    def answers(self, lines):
        script = f"source {quoted(str(self.script))}\n"
        for words in lines:
            # As readline parts them.
            parts = [part for word in words for part in (word.replace("=", "\n=\n").split("\n") if word else [""])]
            if len(words[-1]) == 0 or not words[-1].endswith("="):
                parts = [part for part in parts[:-1] if part] + parts[-1:]
            script += f"COMP_WORDS=({' '.join(map(quoted, parts))}); COMP_CWORD={len(parts) - 1}\n"
            script += f"_sessctl; echo '{MARK}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"\n"
        return self.run(["bash", "--norc", "-c"], script)


class Zsh(Shell):
    name = "zsh"

    # Completions come from zsh's line editor alone, which wants a terminal: a pseudo-terminal has one in which a key
    # completes, and compadd, by which all of them come, tells what it is given.
    INSIDE = r"""
unset PROMPT_SP; PROMPT=; RPROMPT=
autoload -U compinit; compinit -u -d $HOME/dump
zstyle ':completion:*' verbose yes
zstyle ':completion:*' list-separator ''
zstyle ':completion:*' list-grouped no
zstyle ':completion:*' menu no
fpath=($SCRIPTS $fpath); autoload -U _sessctl; compdef _sessctl sessctl
compadd() {
  local -a found said; local -i at
  if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return; fi
  local -i described=${@[(I)-d]}
  (( described )) && said=("${(@P)${@[described + 1]}}")
  builtin compadd -A found -D said "$@"
  for (( at = 1; at <= $#found; ++at )); do
    print -r -- "${found[at]}"$'\t'"${${said[at]#${found[at]}}## #}" >>$ANSWERS
  done
  builtin compadd "$@"
}
tell() { _main_complete; compstate[insert]=; compstate[list]=; print -r -- done >>$DONE }
zle -C tell list-choices tell
bindkey '^T' tell; bindkey '^U' kill-buffer
print -r -- ready >>$DONE
"""

    def answers(self, lines):
        scripts = pathlib.Path(self.folder.name) / "functions"
        scripts.mkdir(exist_ok=True)
        shutil.copy(self.script, scripts / "_sessctl")
        for name in ("answers", "done"):
            (pathlib.Path(self.folder.name) / name).unlink(missing_ok=True)
        places = {"ANSWERS": f"{self.folder.name}/answers", "DONE": f"{self.folder.name}/done", "SCRIPTS": str(scripts)}
        (pathlib.Path(self.folder.name) / "inside").write_text(self.INSIDE)
        script = "zmodload zsh/zpty zsh/zselect\n" + "".join(f"export {name}={quoted(place)}\n" for name, place in places.items())
        script += f"""
touch $ANSWERS $DONE
wait_for() {{
  local -i tries; local rest
  for (( tries = 0; tries < 6000 && $(wc -l <$DONE) < $1; ++tries )); do zpty -rt editor rest && continue; zselect -t 1; done
  (( tries < 6000 )) || {{ print -ru2 -- "no answer to line $1"; exit 1 }}
}}
zpty -b editor zsh -f -i
zpty -w editor 'source {self.folder.name}/inside'
wait_for 1
"""
        for at, words in enumerate(lines):
            line = " ".join([*map(self.typed, words[:-1]), self.typed(words[-1]) if words[-1] else ""])
            script += f"print -r -- '{MARK}' >>$ANSWERS; zpty -wn editor {quoted(line)}$'\\C-T'; wait_for {at + 2}; "
            script += "zpty -wn editor $'\\C-U'\n"
        self.run(["zsh", "-f", "-c"], script + "zpty -d editor\n")
        return pathlib.Path(places["ANSWERS"]).read_text()

    @staticmethod
    def typed(word):
        return word if word and all(letter.isalnum() or letter in "-_=./,:~" for letter in word) else quoted(word)


class Fish(Shell):
    name = "fish"

    def answers(self, lines):
        script = f"source {quoted(str(self.script))}\n"
        for words in lines:
            line = " ".join([*map(Zsh.typed, words[:-1]), Zsh.typed(words[-1]) if words[-1] else ""])
            script += f"echo '{MARK}'; complete -C {self.quoted(line)}\n"
        return self.run(["fish", "--no-config", "-c"], script)

    def all_offered(self, lines):
        """Without what has the letters in between: fish offers that where nothing begins so."""
        begun = [re.sub(r"^--[a-z-]+=", "", words[-1]) for words in lines]
        return [{word: said for word, said in answer.items() if word.startswith(beginning)}
                for beginning, answer in zip(begun, super().all_offered(lines))]

    @staticmethod
    def quoted(text):
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


SHELLS = (Bash, Zsh, Fish)
