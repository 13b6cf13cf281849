import React from "react";

/** Shows the state of a download. */
export const Panel = ({ url }: { url: string }) => {
  return <p>{url}</p>;
};

export default function Page() {
  return <Panel url="x" />;
}
