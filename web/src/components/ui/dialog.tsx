// A dialog: the browser's own, with its focus trap, Escape and inert background.

import { X } from "lucide-react";
import { type ReactNode, useEffect, useId, useRef } from "react";
import { IconButton } from "./parts";

interface Props { open: boolean; onClose: () => void; title: string; children: ReactNode; className?: string; bare?: boolean }

/** `bare` leaves out the visible heading: the title is then only its name. */
export function Dialog({ open, onClose, title, children, className = "max-w-lg", bare = false }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const element = dialog.current;
    if (open && element && !element.open) element.showModal();
    if (!open) element?.close();
  }, [open]);
  return (
    <dialog ref={dialog} aria-label={bare ? title : undefined} aria-labelledby={bare ? undefined : heading}
      onCancel={(event) => { event.preventDefault(); onClose(); }}
      onMouseDown={(event) => { if (event.target === dialog.current) onClose(); }}
      className={`m-auto w-[calc(100%-2rem)] rounded-2xl bg-surface p-0 text-ink shadow-xl ring-1 ring-line ${className}`}>
      {open ? (
        <div className={bare ? "" : "space-y-4 p-5"}>
          {bare ? null : <div className="flex items-start gap-3"><h2 id={heading} className="min-w-0 flex-1 pt-1 font-semibold">{title}</h2><IconButton label="Close" className="-mt-1 -mr-2" onClick={onClose}><X size={18} aria-hidden /></IconButton></div>}
          {children}
        </div>
      ) : null}
    </dialog>
  );
}
