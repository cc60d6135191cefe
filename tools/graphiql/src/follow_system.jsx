/* GraphiQL reads the system's colour scheme only once. This component reads it again when it changes. */
import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useEffect } from 'react';

export function FollowSystem() {
  const theme = useGraphiQL((state) => state.theme);
  const { setTheme } = useGraphiQLActions();
  useEffect(() => {
    if (theme !== null) return undefined;
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const update = () => setTheme(null);
    dark.addEventListener('change', update);
    return () => dark.removeEventListener('change', update);
  }, [theme, setTheme]);
  return null;
}
