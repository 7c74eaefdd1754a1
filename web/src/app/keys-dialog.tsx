import { useState } from "react";
import { Dialog } from "../components/ui/dialog";
import { areKeysOn, type Key, switchKeys } from "../lib/keys";
import { palette as words } from "../words/palette";

/** What the keys do on this page; and the switch for those of one letter. */
export default function KeysDialog({ keys, onClose }: { keys: Key[]; onClose: () => void }) {
  const [on, setOn] = useState(areKeysOn);
  const mac = navigator.platform.startsWith("Mac");
  return (
    <Dialog open onClose={onClose} title={words.keys}>
      <dl className="grid grid-cols-[auto_1fr] items-center gap-x-4 gap-y-2 text-sm">
        <Row keys={mac ? "⌘ K" : "Ctrl K"} label={words.keysPalette} />
        {keys.map((key) => <Row key={key.key} keys={key.key} label={key.label ?? ""} />)}
      </dl>
      <label className="flex min-h-11 items-center gap-2 border-t border-line pt-3 text-sm"><input type="checkbox" checked={on} onChange={(event) => { switchKeys(event.target.checked); setOn(event.target.checked); }} /> {words.letters}</label>
    </Dialog>
  );
}

function Row({ keys, label }: { keys: string; label: string }) {
  return <><dt><kbd className="inline-block min-w-7 rounded-md bg-sunken px-1.5 py-0.5 text-center font-mono text-xs ring-1 ring-line">{keys}</kbd></dt><dd>{label}</dd></>;
}
